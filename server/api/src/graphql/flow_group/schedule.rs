//! Mutations of the schedules of flow groups.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::{Value, json};
use signalbox_schema::FlowGroupId;
use signalbox_services::flow_groups;
use uuid::Uuid;

/// Runs at the times of a cron expression.
#[derive(Debug, InputObject)]
#[graphql(name = "cron_clock_input", rename_fields = "snake_case")]
struct CronClockInput {
    /// The expression.
    cron: String,
    /// Parameters of its runs.
    parameter_defaults: Option<Value>,
}

/// Runs at equal distances.
#[derive(Debug, InputObject)]
#[graphql(name = "interval_clock_input", rename_fields = "snake_case")]
struct IntervalClockInput {
    /// The distance, in seconds; at least 60.
    interval: i64,
    /// Parameters of its runs.
    parameter_defaults: Option<Value>,
}

/// A schedule for a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_schedule_input", rename_fields = "snake_case")]
struct SetFlowGroupScheduleInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// Clocks with cron expressions.
    cron_clocks: Option<Vec<CronClockInput>>,
    /// Clocks with intervals.
    interval_clocks: Option<Vec<IntervalClockInput>>,
    /// The IANA time zone that the clocks follow; UTC, if absent.
    timezone: Option<String>,
}

/// A flow group whose schedule is taken away.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_flow_group_schedule_input", rename_fields = "snake_case")]
struct DeleteFlowGroupScheduleInput {
    /// The flow group.
    flow_group_id: Uuid,
}

/// Mutations of the schedules of flow groups.
#[derive(Debug, Default)]
pub struct FlowGroupScheduleMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowGroupScheduleMutation {
    /// Gives a flow group a schedule that replaces the flow's own.
    async fn set_flow_group_schedule(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupScheduleInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let cron: Vec<Value> = input
            .cron_clocks
            .unwrap_or_default()
            .into_iter()
            .map(|clock| json!({"cron": clock.cron, "parameter_defaults": clock.parameter_defaults}))
            .collect();
        let interval: Vec<Value> = input
            .interval_clocks
            .unwrap_or_default()
            .into_iter()
            .map(|clock| json!({"interval": clock.interval, "parameter_defaults": clock.parameter_defaults}))
            .collect();
        let short = json!({"cron_clocks": cron, "interval_clocks": interval, "timezone": input.timezone});
        flow_groups::set_schedule(ctx.services()?, &access, FlowGroupId(input.flow_group_id), &short).await?;
        Ok(true.into())
    }

    /// Takes a flow group's schedule away; the flow's own counts again.
    async fn delete_flow_group_schedule(
        &self,
        ctx: &Context<'_>,
        input: DeleteFlowGroupScheduleInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = FlowGroupId(input.flow_group_id);
        Ok(flow_groups::delete_schedule(ctx.services()?, &access, id).await?.into())
    }
}

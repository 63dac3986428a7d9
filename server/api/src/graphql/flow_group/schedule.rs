//! Mutations of the schedules of flow groups.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, Enum, InputObject, Object, Result};
use serde_json::{Value, json};
use signalbox_core::schedule::Overlap;
use signalbox_schema::FlowGroupId;
use signalbox_services::flow_groups::{self, SetPolicy};
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

/// What happens when a scheduled run comes due while another run of its flow is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "overlap_policy", rename_items = "snake_case")]
enum OverlapPolicy {
    /// It starts beside the other.
    Allow,
    /// It is skipped.
    Skip,
    /// One waits for the end of the other; those that come due behind it are skipped.
    QueueOne,
    /// The others are cancelled, and it starts when they have ended.
    CancelOther,
}

/// What a flow group wishes of its schedule. What is left out is no wish.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_schedule_policy_input", rename_fields = "snake_case")]
struct SetFlowGroupSchedulePolicyInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// Whether its runs may overlap; `allow`, if absent.
    overlap_policy: Option<OverlapPolicy>,
    /// How many seconds late a scheduled run may still start (at least 10); later ones are skipped. Times that passed
    /// while the server was down are made up for within it. No limit, if absent; nothing is made up for then.
    catch_up_seconds: Option<i64>,
    /// By at most how many seconds each start is put off, so that flows do not all start at once; 0, if absent.
    jitter_seconds: Option<i64>,
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

    /// Says whether scheduled runs of a flow group may overlap, how late they may start, and how far they are spread.
    async fn set_flow_group_schedule_policy(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupSchedulePolicyInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let command = SetPolicy {
            overlap: input.overlap_policy.map_or(Overlap::Allow, Into::into),
            catch_up_seconds: input.catch_up_seconds,
            jitter_seconds: input.jitter_seconds.unwrap_or_default(),
        };
        let id = FlowGroupId(input.flow_group_id);
        flow_groups::set_policy(ctx.services()?, &access, id, command).await?;
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

impl From<OverlapPolicy> for Overlap {
    fn from(policy: OverlapPolicy) -> Self {
        match policy {
            OverlapPolicy::Allow => Self::Allow,
            OverlapPolicy::Skip => Self::Skip,
            OverlapPolicy::QueueOne => Self::QueueOne,
            OverlapPolicy::CancelOther => Self::CancelOther,
        }
    }
}

//! Mutations of flow runs that leave their states alone.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::FlowRunId;
use signalbox_services::flow_runs;
use uuid::Uuid;

/// A flow run to name.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_run_name_input", rename_fields = "snake_case")]
struct SetFlowRunNameInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// Its name.
    name: String,
}

/// Labels for a flow run.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_run_labels_input", rename_fields = "snake_case")]
struct SetFlowRunLabelsInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// Its labels.
    labels: Vec<String>,
}

/// A priority for a flow run.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_run_priority_input", rename_fields = "snake_case")]
struct SetFlowRunPriorityInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// The priority, from -1000 to 1000.
    priority: i64,
}

/// A flow run to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_flow_run_input", rename_fields = "snake_case")]
struct DeleteFlowRunInput {
    /// The flow run.
    flow_run_id: Uuid,
}

/// Mutations of flow runs that leave their states alone.
#[derive(Debug, Default)]
pub struct FlowRunEditMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowRunEditMutation {
    /// Names a flow run.
    async fn set_flow_run_name(
        &self,
        ctx: &Context<'_>,
        input: SetFlowRunNameInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        flow_runs::rename(ctx.services()?, &access, FlowRunId(input.flow_run_id), input.name).await?;
        Ok(true.into())
    }

    /// Gives a flow run other labels: from now on, agents with these may take it.
    async fn set_flow_run_labels(
        &self,
        ctx: &Context<'_>,
        input: SetFlowRunLabelsInput,
    ) -> Result<IdPayload> {
        let access = ctx.access()?;
        flow_runs::relabel(ctx.services()?, &access, FlowRunId(input.flow_run_id), input.labels).await?;
        Ok(input.flow_run_id.into())
    }

    /// Gives a flow run another priority, which counts as long as it waits.
    async fn set_flow_run_priority(
        &self,
        ctx: &Context<'_>,
        input: SetFlowRunPriorityInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = FlowRunId(input.flow_run_id);
        flow_runs::reprioritize(ctx.services()?, &access, id, input.priority).await?;
        Ok(true.into())
    }

    /// Deletes a flow run with its task runs, states and logs.
    async fn delete_flow_run(&self, ctx: &Context<'_>, input: DeleteFlowRunInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(flow_runs::delete(ctx.services()?, &access, FlowRunId(input.flow_run_id)).await?.into())
    }
}

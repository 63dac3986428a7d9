//! Mutations of flow groups.

use super::lost_policy::SetFlowGroupLostPolicyInput;
use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_schema::FlowGroupId;
use signalbox_services::flow_groups::{self, Change};
use uuid::Uuid;

/// Labels for the runs of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_labels_input", rename_fields = "snake_case")]
struct SetFlowGroupLabelsInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// The labels; null leaves them to the flow again.
    labels: Option<Vec<String>>,
}

/// A run config for the runs of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_run_config_input", rename_fields = "snake_case")]
struct SetFlowGroupRunConfigInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// The serialized run config; null leaves it to the flow again.
    run_config: Option<Value>,
}

/// A priority for the runs of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_priority_input", rename_fields = "snake_case")]
struct SetFlowGroupPriorityInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// The priority, from -1000 to 1000.
    priority: i64,
}

/// A description of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_description_input", rename_fields = "snake_case")]
struct SetFlowGroupDescriptionInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// What the flow is for; null removes the description.
    description: Option<String>,
}

/// Parameters for the runs of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_default_parameters_input", rename_fields = "snake_case")]
struct SetFlowGroupDefaultParametersInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// Values by name; null is none.
    default_parameters: Option<Value>,
}

/// A flow group to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_flow_group_input", rename_fields = "snake_case")]
struct DeleteFlowGroupInput {
    /// The flow group.
    flow_group_id: Uuid,
}

/// Mutations of flow groups.
#[derive(Debug, Default)]
pub struct FlowGroupMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowGroupMutation {
    /// Gives the runs of a flow group labels instead of the flow's own.
    async fn set_flow_group_labels(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupLabelsInput,
    ) -> Result<SuccessPayload> {
        update(ctx, input.flow_group_id, Change::Labels(input.labels)).await
    }

    /// Gives the runs of a flow group a run config instead of the flow's own.
    async fn set_flow_group_run_config(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupRunConfigInput,
    ) -> Result<SuccessPayload> {
        update(ctx, input.flow_group_id, Change::RunConfig(input.run_config)).await
    }

    /// Describes a flow group.
    async fn set_flow_group_description(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupDescriptionInput,
    ) -> Result<SuccessPayload> {
        update(ctx, input.flow_group_id, Change::Description(input.description)).await
    }

    /// Gives the runs of a flow group parameters over the flow's defaults.
    async fn set_flow_group_default_parameters(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupDefaultParametersInput,
    ) -> Result<SuccessPayload> {
        update(ctx, input.flow_group_id, Change::DefaultParameters(input.default_parameters)).await
    }

    /// Sets the priority of runs that are made without one. Runs that exist keep theirs.
    async fn set_flow_group_priority(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupPriorityInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = FlowGroupId(input.flow_group_id);
        flow_groups::reprioritize(ctx.services()?, &access, id, input.priority).await?;
        Ok(true.into())
    }

    /// Says what happens with the runs of a flow group that are lost.
    async fn set_flow_group_lost_policy(
        &self,
        ctx: &Context<'_>,
        input: SetFlowGroupLostPolicyInput,
    ) -> Result<SuccessPayload> {
        input.carry_out(ctx).await
    }

    /// Deletes a flow group with all versions and their runs.
    async fn delete_flow_group(
        &self,
        ctx: &Context<'_>,
        input: DeleteFlowGroupInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = FlowGroupId(input.flow_group_id);
        Ok(flow_groups::delete(ctx.services()?, &access, id).await?.into())
    }
}

async fn update(ctx: &Context<'_>, id: Uuid, change: Change) -> Result<SuccessPayload> {
    let access = ctx.access()?;
    flow_groups::update(ctx.services()?, &access, FlowGroupId(id), change).await?;
    Ok(true.into())
}

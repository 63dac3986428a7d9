//! Mutations of registered flows.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::{FlowId, ProjectId};
use signalbox_services::flows::{self, Switch};
use uuid::Uuid;

/// Input types that name a flow and nothing else.
macro_rules! flow_inputs {
    ($($type:ident = $name:literal;)+) => {$(
        /// A flow.
        #[derive(Debug, InputObject)]
        #[graphql(name = $name, rename_fields = "snake_case")]
        struct $type {
            /// Its id.
            flow_id: Uuid,
        }
    )+};
}

flow_inputs! {
    ArchiveFlowInput = "archive_flow_input";
    DeleteFlowInput = "delete_flow_input";
    SetScheduleActiveInput = "set_schedule_active_input";
    SetScheduleInactiveInput = "set_schedule_inactive_input";
    EnableFlowHeartbeatInput = "enable_flow_heartbeat_input";
    DisableFlowHeartbeatInput = "disable_flow_heartbeat_input";
    EnableFlowLazarusProcessInput = "enable_flow_lazarus_process_input";
    DisableFlowLazarusProcessInput = "disable_flow_lazarus_process_input";
    EnableFlowVersionLockInput = "enable_flow_version_lock_input";
    DisableFlowVersionLockInput = "disable_flow_version_lock_input";
}

/// A flow to move.
#[derive(Debug, InputObject)]
#[graphql(name = "update_flow_project_input", rename_fields = "snake_case")]
struct UpdateFlowProjectInput {
    /// Its id.
    flow_id: Uuid,
    /// The project it shall lie in.
    project_id: Uuid,
}

/// Mutations of registered flows.
#[derive(Debug, Default)]
pub struct FlowMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowMutation {
    /// Puts a flow away: its planned runs are deleted or cancelled, and it makes no new ones.
    async fn archive_flow(&self, ctx: &Context<'_>, input: ArchiveFlowInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        flows::archive(ctx.services()?, &access, FlowId(input.flow_id)).await?;
        Ok(true.into())
    }

    /// Deletes one version of a flow with its runs.
    async fn delete_flow(&self, ctx: &Context<'_>, input: DeleteFlowInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(flows::delete(ctx.services()?, &access, FlowId(input.flow_id)).await?.into())
    }

    /// Moves a flow to another project.
    async fn update_flow_project(
        &self,
        ctx: &Context<'_>,
        input: UpdateFlowProjectInput,
    ) -> Result<IdPayload> {
        let access = ctx.access()?;
        let (flow, project) = (FlowId(input.flow_id), ProjectId(input.project_id));
        flows::set_project(ctx.services()?, &access, flow, project).await?;
        Ok(input.flow_id.into())
    }

    /// Switches a flow's schedule on; false when it has none.
    async fn set_schedule_active(
        &self,
        ctx: &Context<'_>,
        input: SetScheduleActiveInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(flows::activate_schedule(ctx.services()?, &access, FlowId(input.flow_id)).await?.into())
    }

    /// Switches a flow's schedule off and deletes the runs it had planned.
    async fn set_schedule_inactive(
        &self,
        ctx: &Context<'_>,
        input: SetScheduleInactiveInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        flows::deactivate_schedule(ctx.services()?, &access, FlowId(input.flow_id)).await?;
        Ok(true.into())
    }

    /// Runs of all versions of this flow send heartbeats.
    async fn enable_flow_heartbeat(
        &self,
        ctx: &Context<'_>,
        input: EnableFlowHeartbeatInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::Heartbeat, true).await
    }

    /// Runs of all versions of this flow send no heartbeats, and are not given up for want of them.
    async fn disable_flow_heartbeat(
        &self,
        ctx: &Context<'_>,
        input: DisableFlowHeartbeatInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::Heartbeat, false).await
    }

    /// Runs of all versions of this flow that stopped without a word are started again.
    async fn enable_flow_lazarus_process(
        &self,
        ctx: &Context<'_>,
        input: EnableFlowLazarusProcessInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::Lazarus, true).await
    }

    /// Runs of all versions of this flow that stopped without a word are left as they are.
    async fn disable_flow_lazarus_process(
        &self,
        ctx: &Context<'_>,
        input: DisableFlowLazarusProcessInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::Lazarus, false).await
    }

    /// Runs of all versions of this flow begin only from the state that their starter saw.
    async fn enable_flow_version_lock(
        &self,
        ctx: &Context<'_>,
        input: EnableFlowVersionLockInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::VersionLocking, true).await
    }

    /// Undoes `enable_flow_version_lock`.
    async fn disable_flow_version_lock(
        &self,
        ctx: &Context<'_>,
        input: DisableFlowVersionLockInput,
    ) -> Result<SuccessPayload> {
        turn(ctx, input.flow_id, Switch::VersionLocking, false).await
    }
}

async fn turn(ctx: &Context<'_>, flow: Uuid, switch: Switch, on: bool) -> Result<SuccessPayload> {
    let access = ctx.access()?;
    flows::set_switch(ctx.services()?, &access, FlowId(flow), switch, on).await?;
    Ok(true.into())
}

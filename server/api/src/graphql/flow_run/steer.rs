//! Mutations by which people steer flow runs: paused, resumed, restarted.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use signalbox_schema::FlowRunId;
use signalbox_services::{
    Author,
    flow_runs::{self, Restart},
};
use uuid::Uuid;

/// A flow run to pause.
#[derive(Debug, InputObject)]
#[graphql(name = "pause_flow_run_input", rename_fields = "snake_case")]
struct PauseFlowRunInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// Why, for the message of its state.
    note: Option<String>,
}

/// A paused flow run.
#[derive(Debug, InputObject)]
#[graphql(name = "resume_flow_run_input", rename_fields = "snake_case")]
struct ResumeFlowRunInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// Why, for the message of its state.
    note: Option<String>,
}

/// A flow run that has ended.
#[derive(Debug, InputObject)]
#[graphql(name = "restart_flow_run_input", rename_fields = "snake_case")]
struct RestartFlowRunInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// The version that the sender saw. With it, a request that arrives twice counts once, however much happens in
    /// between; without it, until the run has ended again.
    version: Option<i64>,
    /// Why, for the message of its states.
    note: Option<String>,
}

/// What a restart came to.
#[derive(Debug, SimpleObject)]
#[graphql(name = "restart_flow_run_payload", rename_fields = "snake_case")]
struct RestartFlowRunPayload {
    /// The flow run.
    id: Uuid,
    /// How many task runs were made `Pending` again; 0 when it was restarted before by the same request.
    task_runs: i64,
}

/// Mutations by which people steer flow runs.
#[derive(Debug, Default)]
pub struct FlowRunSteerMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowRunSteerMutation {
    /// Pauses a flow run: one that waits is not handed out, and of one that runs no further tasks start, until it is
    /// resumed.
    async fn pause_flow_run(&self, ctx: &Context<'_>, input: PauseFlowRunInput) -> Result<SuccessPayload> {
        let author = Author::new(ctx.actor()?, input.note)?;
        flow_runs::pause(ctx.services()?, &ctx.access()?, FlowRunId(input.flow_run_id), &author).await?;
        Ok(true.into())
    }

    /// Resumes a paused flow run.
    async fn resume_flow_run(&self, ctx: &Context<'_>, input: ResumeFlowRunInput) -> Result<SuccessPayload> {
        let author = Author::new(ctx.actor()?, input.note)?;
        flow_runs::resume(ctx.services()?, &ctx.access()?, FlowRunId(input.flow_run_id), &author).await?;
        Ok(true.into())
    }

    /// Restarts a flow run that has ended: task runs that failed or were cancelled, and those downstream of them, run
    /// again; what succeeded stays.
    async fn restart_flow_run(
        &self,
        ctx: &Context<'_>,
        input: RestartFlowRunInput,
    ) -> Result<RestartFlowRunPayload> {
        let author = Author::new(ctx.actor()?, input.note)?;
        let command = Restart { run: FlowRunId(input.flow_run_id), version: input.version, author };
        let again = flow_runs::restart(ctx.services()?, &ctx.access()?, &command).await?;
        Ok(RestartFlowRunPayload {
            id: input.flow_run_id,
            task_runs: i64::try_from(again).unwrap_or(i64::MAX),
        })
    }
}

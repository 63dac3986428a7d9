//! Mutations by which people name and approve task runs.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::TaskRunId;
use signalbox_services::{Author, task_runs};
use uuid::Uuid;

/// A task run to name.
#[derive(Debug, InputObject)]
#[graphql(name = "set_task_run_name_input", rename_fields = "snake_case")]
struct SetTaskRunNameInput {
    /// The task run.
    task_run_id: Uuid,
    /// Its name.
    name: String,
}

/// A paused task run.
#[derive(Debug, InputObject)]
#[graphql(name = "resume_task_run_input", rename_fields = "snake_case")]
struct ResumeTaskRunInput {
    /// The task run.
    task_run_id: Uuid,
    /// Why, for the message of its state.
    note: Option<String>,
}

/// Mutations by which people name and approve task runs.
#[derive(Debug, Default)]
pub struct TaskRunEditMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl TaskRunEditMutation {
    /// Names a task run.
    async fn set_task_run_name(
        &self,
        ctx: &Context<'_>,
        input: SetTaskRunNameInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        task_runs::rename(ctx.services()?, &access, TaskRunId(input.task_run_id), input.name).await?;
        Ok(true.into())
    }

    /// Approves a paused task run: it runs as soon as an agent has its flow run again.
    async fn resume_task_run(&self, ctx: &Context<'_>, input: ResumeTaskRunInput) -> Result<SuccessPayload> {
        let author = Author::new(ctx.actor()?, input.note)?;
        task_runs::resume(ctx.services()?, &ctx.access()?, TaskRunId(input.task_run_id), &author).await?;
        Ok(true.into())
    }
}

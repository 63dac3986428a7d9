//! Mutations of task runs that leave their states alone.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::TaskRunId;
use signalbox_services::task_runs;
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

/// Mutations of task runs that leave their states alone.
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
}

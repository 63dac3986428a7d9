//! Reads of task runs that are not tables.

use crate::graphql::context::RequestContext;
use async_graphql::{Context, Json, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_schema::TaskRunId;
use signalbox_services::task_runs;
use uuid::Uuid;

/// A task run's state.
#[derive(Debug, SimpleObject)]
#[graphql(name = "task_run_info", rename_fields = "snake_case")]
struct TaskRunInfoPayload {
    /// The task run.
    id: Uuid,
    /// Its state.
    serialized_state: Json<Value>,
}

/// Reads of task runs that are not tables.
#[derive(Debug, Default)]
pub struct TaskRunQuery;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl TaskRunQuery {
    /// The state of a task run.
    async fn get_task_run_info(&self, ctx: &Context<'_>, task_run_id: Uuid) -> Result<TaskRunInfoPayload> {
        let access = ctx.access()?;
        let state = task_runs::serialized_state(ctx.services()?, &access, TaskRunId(task_run_id)).await?;
        Ok(TaskRunInfoPayload { id: task_run_id, serialized_state: Json(state) })
    }
}

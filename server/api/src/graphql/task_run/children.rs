//! The mapped children of a task run.

use crate::graphql::{context::RequestContext, scalar::Timestamp};
use async_graphql::{Context, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_schema::TaskRunId;
use signalbox_services::task_runs;
use uuid::Uuid;

/// All mapped children of a task run, summed up.
#[derive(Debug, SimpleObject)]
#[graphql(name = "mapped_children_payload", rename_fields = "snake_case")]
struct MappedChildren {
    /// When the first of them began.
    min_start_time: Option<Timestamp>,
    /// When the last of them ended.
    max_end_time: Option<Timestamp>,
    /// How many are in which state: `{"Success": 3, …}`.
    state_counts: Value,
}

/// Reads of mapped task runs.
#[derive(Debug, Default)]
pub struct MappedChildrenQuery;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl MappedChildrenQuery {
    /// The mapped children of a task run, summed up.
    async fn mapped_children(&self, ctx: &Context<'_>, task_run_id: Uuid) -> Result<MappedChildren> {
        let access = ctx.access()?;
        let children = task_runs::mapped_children(ctx.services()?, &access, TaskRunId(task_run_id)).await?;
        let counts = children.state_counts.into_iter().map(|(state, count)| (state, Value::from(count)));
        Ok(MappedChildren {
            min_start_time: children.min_start_time.map(Timestamp),
            max_end_time: children.max_end_time.map(Timestamp),
            state_counts: Value::Object(counts.collect()),
        })
    }
}

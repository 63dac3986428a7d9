//! Subscriptions that go on from a cursor: log lines, states, events. (Live queries of tables are in `table/live.rs`.)

mod event;
mod log;
mod state;

use self::{event::EventItem, log::LogItem, state::StateItem};
use super::context::RequestContext;
use async_graphql::{Context, Enum, Result, Subscription};
use futures_util::{Stream, TryStreamExt};
use signalbox_core::access::Viewer;
use signalbox_schema::{FlowRunId, TaskRunId};
use signalbox_services::{
    ServiceError,
    streams::{self, Items, Start, TaskRuns},
};
use uuid::Uuid;

/// Streams with cursors. A message holds the items that have come, at least one, in order.
#[derive(Debug, Default)]
pub struct StreamSubscription;

/// Where a stream of events begins when no cursor is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "stream_start", rename_items = "snake_case")]
pub enum StreamStart {
    /// With the oldest event that is kept.
    Beginning,
    /// With the next that happens.
    Now,
}

#[Subscription(rename_fields = "snake_case", rename_args = "snake_case")]
impl StreamSubscription {
    /// The log lines of a flow run in the order in which they arrived, and then those that come. `after` is the cursor
    /// of the last line that was seen; null begins with the first.
    async fn flow_run_logs(
        &self,
        ctx: &Context<'_>,
        flow_run_id: Uuid,
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<Vec<LogItem>>>> {
        let access = ctx.access::<Viewer>()?;
        let lines = streams::flow_run_logs(ctx.services()?, access, FlowRunId(flow_run_id), after).await?;
        Ok(items(lines))
    }

    /// Every state that a flow run has had, and then those that come. `after` is the cursor of the last state that was
    /// seen; null begins with the first.
    async fn flow_run_states(
        &self,
        ctx: &Context<'_>,
        flow_run_id: Uuid,
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<Vec<StateItem>>>> {
        let access = ctx.access::<Viewer>()?;
        let states = streams::flow_run_states(ctx.services()?, access, FlowRunId(flow_run_id), after).await?;
        Ok(items(states))
    }

    /// Every state that a task run has had, or all task runs of a flow run, and then those that come. Give one of the
    /// two ids. `after` is the cursor of the last state that was seen; null begins with the first.
    async fn task_run_states(
        &self,
        ctx: &Context<'_>,
        flow_run_id: Option<Uuid>,
        task_run_id: Option<Uuid>,
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<Vec<StateItem>>>> {
        let access = ctx.access::<Viewer>()?;
        let whose = match (flow_run_id, task_run_id) {
            (Some(run), None) => TaskRuns::OfFlowRun(FlowRunId(run)),
            (None, Some(run)) => TaskRuns::One(TaskRunId(run)),
            _ => return Err(ServiceError::invalid("give either flow_run_id or task_run_id").into()),
        };
        Ok(items(streams::task_run_states(ctx.services()?, access, whose, after).await?))
    }

    /// The events of the tenant in the order in which they were committed, and then those that come. `after` is the
    /// cursor of the last event that was seen; without one the stream begins where `from` says. `kinds` keeps events
    /// of these kinds only.
    async fn events(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        from: Option<StreamStart>,
        kinds: Option<Vec<String>>,
    ) -> Result<impl Stream<Item = Result<Vec<EventItem>>>> {
        let access = ctx.access::<Viewer>()?;
        let start = match (after, from) {
            (Some(after), _) => Start::After(after),
            (None, Some(StreamStart::Now)) => Start::Now,
            (None, Some(StreamStart::Beginning) | None) => Start::Beginning,
        };
        let kinds = kinds.unwrap_or_default();
        Ok(items(streams::events(ctx.services()?, access, start, &kinds).await?))
    }
}

/// The items of a stream as the API shows them.
fn items<T, I>(
    stream: impl Stream<Item = std::result::Result<Items<T>, ServiceError>>,
) -> impl Stream<Item = Result<Vec<I>>>
where
    I: From<(signalbox_core::cursor::Cursor, T)>,
{
    stream.map_ok(|items| items.into_iter().map(I::from).collect()).map_err(Into::into)
}

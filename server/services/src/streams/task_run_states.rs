//! The states of a task run, or of all task runs of a flow run.

use super::{
    check_within,
    follow::{Items, PAGE, Page, Source, follow},
    plain,
};
use crate::{ServiceError, Services};
use futures_util::{Stream, future::Either};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Viewer},
    cursor::Cursor,
    event::EventKind,
};
use signalbox_schema::{FlowRunId, TaskRunId};
use signalbox_storage::repo::{
    event::{self, Event},
    flow_run::{self, PastState},
    task_run,
};

/// Whose states are followed.
#[derive(Debug, Clone, Copy)]
pub enum TaskRuns {
    /// One task run's. The number of a state is its place.
    One(TaskRunId),
    /// Those of all task runs of a flow run, in the order of the events that tell of them; as far back as events are
    /// kept.
    OfFlowRun(FlowRunId),
}

/// Every state that task runs have had, and then those that come.
///
/// # Errors
/// `NOT_FOUND` for an unknown run, `INVALID_INPUT` for a cursor of something else.
pub async fn task_run_states(
    services: &Services,
    access: Access<Viewer>,
    whose: TaskRuns,
    after: Option<String>,
) -> Result<impl Stream<Item = Result<Items<PastState>, ServiceError>> + Send + use<>, ServiceError> {
    let tx = services.store().read(&access);
    match whose {
        TaskRuns::One(run) => {
            let version = plain(after.as_deref())?;
            let known = task_run::version(&tx, run).await?;
            let (last, flow_run) = known.ok_or_else(|| ServiceError::not_found("Task run", run))?;
            check_within(Cursor::behind(version), last)?;
            let topic = Topic::FlowRun(access.tenant(), flow_run);
            Ok(Either::Left(follow(services, OfTaskRun { access, run, version }, topic)))
        }
        TaskRuns::OfFlowRun(run) => {
            let cursor: Cursor = after.as_deref().map_or(Ok(Cursor::START), str::parse)?;
            if !flow_run::exists(&tx, run).await? {
                return Err(ServiceError::not_found("Flow run", run));
            }
            check_within(cursor, event::last_position(&tx).await?)?;
            let topic = Topic::FlowRun(access.tenant(), run);
            Ok(Either::Right(follow(services, OfFlowRun { access, run, cursor }, topic)))
        }
    }
}

struct OfTaskRun {
    access: Access<Viewer>,
    run: TaskRunId,
    version: i64,
}

impl Source for OfTaskRun {
    type Item = PastState;

    async fn read(&mut self, services: &Services) -> Result<Page<PastState>, ServiceError> {
        let tx = services.store().read(&self.access);
        let states = task_run::states_after(&tx, self.run, self.version, PAGE).await?;
        let Some(last) = states.last() else {
            let ended = !task_run::exists(&tx, self.run).await?;
            return Ok(Page { items: Vec::new(), more: false, ended });
        };
        self.version = last.version;
        Ok(Page::of(states.into_iter().map(|state| (Cursor::behind(state.version), state)).collect()))
    }
}

struct OfFlowRun {
    access: Access<Viewer>,
    run: FlowRunId,
    cursor: Cursor,
}

/// The events that tell of states of task runs.
const KINDS: [EventKind; 2] = [EventKind::FlowRunCreated, EventKind::TaskRunState];

impl Source for OfFlowRun {
    type Item = PastState;

    async fn read(&mut self, services: &Services) -> Result<Page<PastState>, ServiceError> {
        let tx = services.store().read(&self.access);
        // Inside the task runs that were made with the flow run, whose event tells of all of them.
        if let Some(within) = self.cursor.within {
            return Ok(self.first_states(task_run::first_states(&tx, self.run, within + 1, PAGE).await?));
        }
        let events = event::of_flow_run(&tx, self.run, self.cursor.number, &KINDS, PAGE).await?;
        let Some(first) = events.first() else {
            let ended = !flow_run::exists(&tx, self.run).await?;
            return Ok(Page { items: Vec::new(), more: false, ended });
        };
        if first.kind == EventKind::FlowRunCreated.as_str() {
            self.cursor = Cursor::behind(first.position);
            return Ok(self.first_states(task_run::first_states(&tx, self.run, 0, PAGE).await?));
        }
        let more = events.len() >= PAGE as usize;
        self.cursor = Cursor::behind(events.last().map_or(self.cursor.number, |last| last.position));
        let wanted: Vec<(TaskRunId, i64)> = events.iter().filter_map(state_of).collect();
        let mut states = task_run::states_at(&tx, &wanted).await?;
        let items = events
            .iter()
            .filter_map(|event| Some((Cursor::behind(event.position), states.remove(&state_of(event)?)?)))
            .collect();
        Ok(Page { items, more, ended: false })
    }
}

impl OfFlowRun {
    /// A page of first states, each with its number within the event.
    fn first_states(&mut self, states: Vec<PastState>) -> Page<PastState> {
        let position = self.cursor.number;
        let from = self.cursor.within.map_or(0, |within| within + 1);
        let items: Items<PastState> = (from..)
            .zip(states)
            .map(|(within, state)| (Cursor { number: position, within: Some(within) }, state))
            .collect();
        // After the last of them the log goes on.
        self.cursor = match items.last() {
            Some((cursor, _)) => *cursor,
            None => Cursor::behind(position),
        };
        Page { items, more: true, ended: false }
    }
}

/// Which state of which task run an event tells of.
fn state_of(event: &Event) -> Option<(TaskRunId, i64)> {
    Some((event.task_run?, event.payload.get("version")?.as_i64()?))
}

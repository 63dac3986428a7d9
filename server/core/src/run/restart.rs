//! What a wish to restart does to a flow run that has ended: which of its task runs run again.
//!
//! Those that did not end well, and everything downstream of them, become `Pending`; what succeeded stays, and the
//! client reads its results (as the old UI did it, reference §3.5). For mapped tasks this goes index by index as far
//! as the graph allows: a child whose own upstream child stays, stays.

use signalbox_schema::{StateType, TaskId, TaskRunId};
use std::collections::{HashMap, HashSet};

/// Why a flow run cannot be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRestartable {
    /// It goes on.
    #[error("only a flow run that has ended can be restarted; it is {0}")]
    NotEnded(StateType),
    /// There is nothing to do again.
    #[error("the flow run ended as {0} and none of its task runs failed; there is nothing to run again")]
    NothingFailed(StateType),
    /// The sender looked at it before it changed.
    #[error("the flow run is at version {actual}, not {expected}: look at it again")]
    OtherVersion {
        /// What the sender saw.
        expected: i64,
        /// What it is at.
        actual: i64,
    },
}

/// A flow run, as far as restarting it is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Its state.
    pub state: StateType,
    /// Its version.
    pub version: i64,
    /// The version from which it was restarted last, if it has not ended since.
    pub restarted_from: Option<i64>,
}

/// A task run of it.
#[derive(Debug, Clone, Copy)]
pub struct TaskRun {
    /// The task run.
    pub id: TaskRunId,
    /// Its task.
    pub task: TaskId,
    /// Which child of a mapped task; −1 is the task itself.
    pub map_index: i64,
    /// Its state.
    pub state: Option<StateType>,
}

/// An edge of the flow.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The task that comes first.
    pub upstream: TaskId,
    /// The task that waits.
    pub downstream: TaskId,
    /// Whether the downstream task maps over the upstream's result.
    pub mapped: bool,
    /// Whether children of the upstream are flattened before that, so that indexes do not correspond.
    pub flattened: bool,
}

/// Whether the run is to be restarted; `false` when this very request was carried out before. `expected` is the version
/// that the sender saw, if it says so: then a request that arrives twice counts once, however much happens in between.
///
/// # Errors
/// When it has not ended, or is another than the sender saw.
pub fn decide(run: Ended, expected: Option<i64>) -> Result<bool, NotRestartable> {
    if let Some(from) = run.restarted_from
        && expected.is_none_or(|expected| expected == from)
    {
        return Ok(false);
    }
    if let Some(expected) = expected.filter(|expected| *expected != run.version) {
        return Err(NotRestartable::OtherVersion { expected, actual: run.version });
    }
    if run.state.is_finished() { Ok(true) } else { Err(NotRestartable::NotEnded(run.state)) }
}

/// The task runs that run again, in the order given.
///
/// # Errors
/// When there are none although the run succeeded.
pub fn run_again(
    flow_run: StateType,
    task_runs: &[TaskRun],
    edges: &[Edge],
) -> Result<Vec<TaskRunId>, NotRestartable> {
    // A run that was skipped has not done anything.
    let skipped = flow_run == StateType::Skipped;
    let again = if skipped { task_runs.iter().map(place).collect() } else { spread(task_runs, edges) };
    if again.is_empty() && flow_run.is_successful() {
        return Err(NotRestartable::NothingFailed(flow_run));
    }
    Ok(task_runs
        .iter()
        .filter(|run| again.contains(&place(run)))
        .filter(|run| !matches!(run.state, None | Some(StateType::Pending)))
        .map(|run| run.id)
        .collect())
}

type Place = (TaskId, i64);

const fn place(run: &TaskRun) -> Place {
    (run.task, run.map_index)
}

/// From the task runs that did not end well to everything that depends on them.
fn spread(task_runs: &[TaskRun], edges: &[Edge]) -> HashSet<Place> {
    let mut indexes: HashMap<TaskId, Vec<i64>> = HashMap::new();
    for run in task_runs {
        indexes.entry(run.task).or_default().push(run.map_index);
    }
    let mut downstream: HashMap<TaskId, Vec<&Edge>> = HashMap::new();
    for edge in edges {
        downstream.entry(edge.upstream).or_default().push(edge);
    }
    let mut again: HashSet<Place> = HashSet::new();
    let mut next: Vec<Place> =
        task_runs.iter().filter(|run| run.state.is_some_and(is_unsound)).map(place).collect();
    while let Some(place) = next.pop() {
        if !again.insert(place) {
            continue;
        }
        let (task, index) = place;
        if index < 0 {
            // The children of a mapped task follow from it.
            next.extend(indexes.get(&task).into_iter().flatten().map(|index| (task, *index)));
        }
        for edge in downstream.get(&task).into_iter().flatten() {
            let child_to_child = edge.mapped && !edge.flattened && index >= 0;
            if child_to_child && indexes.get(&edge.downstream).is_some_and(|known| known.contains(&index)) {
                next.push((edge.downstream, index));
            } else {
                next.push((edge.downstream, -1));
            }
        }
    }
    again
}

/// Whether a task run in this state has to run again. What still waits goes on waiting, an approval is kept.
const fn is_unsound(state: StateType) -> bool {
    match state {
        StateType::Failed
        | StateType::TimedOut
        | StateType::TriggerFailed
        | StateType::ValidationFailed
        | StateType::Cancelled
        | StateType::Finished
        | StateType::Looped
        // Left behind by a process that is gone.
        | StateType::Running
        | StateType::Cancelling
        | StateType::Submitted
        | StateType::Queued
        | StateType::ClientFailed
        // The restart is the next attempt.
        | StateType::Retrying => true,
        StateType::Pending
        | StateType::Scheduled
        | StateType::Paused
        | StateType::Resume
        | StateType::Success
        | StateType::Skipped
        | StateType::Cached
        | StateType::Mapped => false,
    }
}

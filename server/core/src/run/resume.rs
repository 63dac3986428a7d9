//! What a wish to resume does to a paused flow run, or to a paused task run (which is how one is approved).

use chrono::{DateTime, Utc};
use signalbox_schema::StateType;

/// Why nothing can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResumable {
    /// It does not wait for anybody.
    #[error("only what is Paused can be resumed; it is {0}")]
    NotPaused(StateType),
    /// Nothing would execute the task run.
    #[error("the flow run of this task run is {0}; restart the flow run instead")]
    FlowRunEnded(StateType),
}

/// A paused run, and what happened around it.
#[derive(Debug, Clone, Copy)]
pub struct Paused {
    /// Its state.
    pub state: StateType,
    /// Whether it went on since it was paused last: a request that is sent again finds it moved on.
    pub was_resumed: bool,
    /// When it was to start before it was paused.
    pub due: Option<DateTime<Utc>>,
}

/// The answer to a wish to resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resuming {
    /// Somebody has resumed it already.
    Nothing,
    /// It is handed out at this time.
    At(DateTime<Utc>),
    /// Its process waits inside: it is `Running` again.
    Running,
}

/// Decides on a wish to resume a flow run. `is_alive`: a process of it is there and waits.
///
/// # Errors
/// When it is not paused, and was not resumed since it was paused last.
pub fn flow_run(run: Paused, is_alive: bool, now: DateTime<Utc>) -> Result<Resuming, NotResumable> {
    match run.state {
        StateType::Paused if is_alive => Ok(Resuming::Running),
        StateType::Paused => Ok(Resuming::At(run.due.map_or(now, |due| due.max(now)))),
        _ if run.was_resumed => Ok(Resuming::Nothing),
        other => Err(NotResumable::NotPaused(other)),
    }
}

/// Decides on a wish to resume a task run.
///
/// # Errors
/// When it is not paused, and was not resumed since it was paused last; or when its flow run has ended.
pub fn task_run(run: Paused, flow_run: StateType, now: DateTime<Utc>) -> Result<Resuming, NotResumable> {
    match run.state {
        StateType::Paused if flow_run.is_finished() || flow_run == StateType::Cancelling => {
            Err(NotResumable::FlowRunEnded(flow_run))
        }
        StateType::Paused => Ok(Resuming::At(now)),
        _ if run.was_resumed => Ok(Resuming::Nothing),
        other => Err(NotResumable::NotPaused(other)),
    }
}

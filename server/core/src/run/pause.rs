//! What a wish to pause does to a flow run.

use signalbox_schema::StateType;

/// Why a flow run cannot be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPausable {
    /// It has ended, or is about to.
    #[error("a flow run that is {0} cannot be paused any more")]
    Ended(StateType),
    /// An agent is starting its process, which nobody can hold.
    #[error("the flow run is {0}: an agent is starting it; pause it when it runs, or cancel it")]
    Starting(StateType),
}

/// The answer to a wish to pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pausing {
    /// It is paused already.
    Nothing,
    /// It waits to be handed out, and now does so until it is resumed.
    Hold,
    /// It runs: tasks that run finish, and no further ones start until it is resumed.
    HoldTasks,
}

/// Decides on a wish to pause a run in `state`.
///
/// # Errors
/// When a run in this state cannot be paused.
pub const fn decide(state: StateType) -> Result<Pausing, NotPausable> {
    match state {
        StateType::Paused => Ok(Pausing::Nothing),
        StateType::Pending
        | StateType::Scheduled
        | StateType::Resume
        | StateType::Retrying
        | StateType::Queued => Ok(Pausing::Hold),
        StateType::Running => Ok(Pausing::HoldTasks),
        StateType::Submitted | StateType::ClientFailed => Err(NotPausable::Starting(state)),
        StateType::Cancelling
        | StateType::Finished
        | StateType::Success
        | StateType::Skipped
        | StateType::Cached
        | StateType::Mapped
        | StateType::Looped
        | StateType::Failed
        | StateType::TimedOut
        | StateType::TriggerFailed
        | StateType::ValidationFailed
        | StateType::Cancelled => Err(NotPausable::Ended(state)),
    }
}

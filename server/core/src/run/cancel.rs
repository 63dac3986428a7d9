//! What a wish to cancel does to a flow run.

use signalbox_schema::StateType;

/// The answer to a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// Nothing to do: it has ended, or is being cancelled already.
    Nothing,
    /// Nobody works on it: it ends now.
    AtOnce,
    /// Somebody works on it: it is `Cancelling` until that work was seen to end.
    Ask,
}

/// Decides on a wish to cancel a run in `state`; `leased` says whether one of our agents holds it, which then
/// stops its process and reports the end.
pub const fn decide(state: StateType, leased: bool) -> Cancellation {
    match state {
        StateType::Running => Cancellation::Ask,
        StateType::Submitted if leased => Cancellation::Ask,
        StateType::Pending
        | StateType::Scheduled
        | StateType::Paused
        | StateType::Resume
        | StateType::Retrying
        | StateType::Submitted
        | StateType::Queued
        | StateType::ClientFailed => Cancellation::AtOnce,
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
        | StateType::Cancelled => Cancellation::Nothing,
    }
}

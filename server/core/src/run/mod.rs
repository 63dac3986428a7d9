//! Runs: what a proposed state does to a flow run or a task run.
//!
//! [`flow_run::decide`] and [`task_run::decide`] look at the row as it is and at the proposal, and return
//! what must happen. They know no database and no clock.

pub mod cancel;
pub mod create;
pub mod flow_run;
pub mod lost;
pub mod name;
pub mod pause;
pub mod restart;
pub mod resume;
pub mod task_run;

use signalbox_schema::{ErrorCode, State, StateType};

/// A state somebody wants a run to have.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The state.
    pub state: State,
    /// The version of the row the sender believes in; `None` sets the state unconditionally.
    pub version: Option<i64>,
    /// [`fingerprint`] of the request, by which a repeated delivery is known.
    pub fingerprint: i64,
}

/// The hash by which a repeated delivery of the same state is recognised: the payload as received, and the
/// version the sender named (so that `Running` of the second attempt is another request than of the first).
pub fn fingerprint(payload: &serde_json::Value, version: Option<i64>) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(payload.to_string().as_bytes());
    hasher.update(&version.unwrap_or(-1).to_le_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// Why a state was refused. The texts begin with `State update failed` where the stock agent looks for it:
/// with it, the agent skips the run; without it, it sets the run to `Failed` (reference §1.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Another agent has the run.
    #[error("State update failed: this run has already been submitted.")]
    AlreadySubmitted,
    /// The run is past the point where it could be handed to an agent.
    #[error("State update failed: a run in state {0} cannot be submitted.")]
    NotSubmittable(StateType),
    /// The policy of the run's schedule holds it back or has skipped it.
    #[error("State update failed: the run may not start: {0}")]
    Held(String),
    /// The run was cancelled, or is being cancelled.
    #[error("State update failed: the flow run is {0} and cannot start running.")]
    Stopped(StateType),
    /// A task may run only while its flow run does.
    #[error("State update failed for task run: its flow run is {0}, not Running.")]
    FlowRunNotRunning(StateType),
    /// The sender holds no valid lease on the run.
    #[error("State update failed: the lease on this run was lost.")]
    LeaseLost,
    /// A concurrency limit has no free slot. The run stays as it is, and is handed out again.
    #[error("State update failed: the concurrency limit is reached, {0}.")]
    LimitReached(crate::concurrency::Full),
    /// The sender's version is not the row's, and the flow group locks versions.
    #[error("State update failed: version {expected} was expected, the run is at version {actual}.")]
    VersionLocked {
        /// What the sender believed.
        expected: i64,
        /// What the row has.
        actual: i64,
    },
}

impl Rejection {
    /// The code on the wire.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::AlreadySubmitted
            | Self::NotSubmittable(_)
            | Self::Held(_)
            | Self::Stopped(_)
            | Self::FlowRunNotRunning(_)
            | Self::LimitReached(_) => ErrorCode::Conflict,
            Self::LeaseLost => ErrorCode::LeaseLost,
            Self::VersionLocked { .. } => ErrorCode::VersionLocking,
        }
    }
}

/// What a proposal leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<T> {
    /// The state is taken.
    Apply(T),
    /// The same request was carried out before: answer success, change nothing.
    Replay,
    /// The state is refused.
    Refuse(Rejection),
}

#[cfg(test)]
mod pause_tests;
#[cfg(test)]
mod tests;

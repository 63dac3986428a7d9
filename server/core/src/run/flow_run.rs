//! What a proposed state does to a flow run.

use super::{Proposal, Rejection, Verdict};
use crate::concurrency::Full;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::{AgentId, LeaseToken, State, StateType};

/// A flow run as it is in the database.
#[derive(Debug, Clone)]
pub struct FlowRunNow {
    /// Type of its state.
    pub state: StateType,
    /// Count of its states.
    pub version: i64,
    /// Fingerprint of the request that set its state.
    pub fingerprint: Option<i64>,
    /// Fingerprint of the state with version `proposal.version + 1`, when that is not the present one.
    pub fingerprint_at_expected: Option<i64>,
    /// The agent that has it.
    pub agent: Option<AgentId>,
    /// The lease on it.
    pub lease: Option<LeaseToken>,
    /// To how many who asked it was shown lately. Stock agents of one name and labels are one to us, so that only when
    /// it was shown once a second `Submitted` of the same agent must be a repetition of the first.
    pub handed_out: i64,
    /// When it first ran.
    pub start_time: Option<DateTime<Utc>>,
    /// When it last ended.
    pub end_time: Option<DateTime<Utc>>,
    /// Whether its flow group locks versions.
    pub locks_versions: bool,
    /// When it was to start.
    pub scheduled_start_time: DateTime<Utc>,
    /// Whether it is `Paused` until somebody resumes it, and not only until a time.
    pub is_held: bool,
}

/// Who proposes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender {
    /// The agent named by the request's header.
    pub agent: Option<AgentId>,
    /// The lease token named by the request.
    pub lease: Option<LeaseToken>,
}

/// What becomes of the unfinished task runs of a flow run that gets a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// They stay as they are.
    Kept,
    /// They are cancelled: the client sends nothing for the task it was interrupted in (reference §4.5).
    Cancelled,
    /// Those that were running have failed: the agent saw their process end.
    RunningFailed,
    /// They are skipped with the run, which never starts.
    Skipped,
}

/// The new row, and what must happen besides.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowRunTransition {
    /// The new version.
    pub version: i64,
    /// `start_time` of the row.
    pub start_time: Option<DateTime<Utc>>,
    /// `end_time` of the row.
    pub end_time: Option<DateTime<Utc>>,
    /// How much later than it was to start it runs, when it runs for the first time with this state.
    pub lateness: Option<TimeDelta>,
    /// The agent that has it now.
    pub agent: Option<AgentId>,
    /// Whether the run shows life by this state (`Running` and `Submitted`).
    pub heartbeat: bool,
    /// The lease on it when this was decided: who has lost it meanwhile changes nothing.
    pub lease: Option<LeaseToken>,
    /// Whether the lease ends with this state.
    pub releases_lease: bool,
    /// What becomes of its task runs that have not ended.
    pub unfinished: Unfinished,
    /// Whether agents that wait for work must look again.
    pub wakes_agents: bool,
}

/// Decides on a state for a flow run. There is no matrix of transitions: Prefect's server accepted almost
/// everything (restarts go from any state to `Scheduled`), and users' scripts rely on that. What is refused is
/// what would start a run twice or bring a cancelled one back.
pub fn decide(
    now: DateTime<Utc>,
    run: &FlowRunNow,
    sender: Sender,
    proposal: &Proposal,
) -> Verdict<FlowRunTransition> {
    let next = proposal.state.kind();
    // Before repetitions are looked for: a second process of the same run says the very same as the first, and whoever
    // locks versions would rather have a process stop too much than two at work.
    if let Some(expected) = proposal.version
        && run.locks_versions
        && next == StateType::Running
        && expected != run.version
    {
        return Verdict::Refuse(Rejection::VersionLocked { expected, actual: run.version });
    }
    let said_last = run.fingerprint == Some(proposal.fingerprint) && next == run.state;
    if said_last || run.fingerprint_at_expected == Some(proposal.fingerprint) {
        // Two agents that take a run say the very same, and only one has it, also when the run has gone on since.
        return if next == StateType::Submitted && (sender.agent != run.agent || run.handed_out > 1) {
            Verdict::Refuse(Rejection::AlreadySubmitted)
        } else {
            Verdict::Replay
        };
    }
    if sender.lease.is_some() && sender.lease != run.lease {
        return Verdict::Refuse(Rejection::LeaseLost);
    }
    if let Some(rejection) = refusal(run, sender, next) {
        return rejection;
    }
    let running = next == StateType::Running;
    Verdict::Apply(FlowRunTransition {
        version: run.version + 1,
        start_time: if running { run.start_time.or(Some(now)) } else { run.start_time },
        end_time: if next.sets_end_time() { Some(now) } else { run.end_time },
        lateness: (running && run.start_time.is_none())
            .then(|| (now - run.scheduled_start_time).max(TimeDelta::zero())),
        agent: if next == StateType::Submitted { sender.agent.or(run.agent) } else { run.agent },
        heartbeat: running || next == StateType::Submitted,
        lease: run.lease,
        releases_lease: next.is_finished() || next.is_scheduled(),
        unfinished: match next {
            StateType::Cancelled => Unfinished::Cancelled,
            StateType::Failed if sender.lease.is_some() => Unfinished::RunningFailed,
            _ => Unfinished::Kept,
        },
        wakes_agents: next.is_scheduled() || next.is_finished() || next == StateType::Cancelling,
    })
}

/// How long nobody else gets a run whose process waits for a free slot, and asks again much sooner: a stock process that
/// is told to wait longer than ten minutes leaves (reference §4.6).
pub const QUEUED_FOR: TimeDelta = TimeDelta::minutes(10);

/// What becomes of a run whose process may not begin yet: the state `Queued` around the one it had. The process lives, and
/// asks again.
pub fn queue(
    now: DateTime<Utc>,
    run: &FlowRunNow,
    waiting: serde_json::Value,
    full: &Full,
) -> (State, FlowRunTransition) {
    let state = State::new(StateType::Queued, format!("Waiting for a free slot: {full}."))
        .wrapping(waiting)
        .starting_at(now + QUEUED_FOR);
    let transition = FlowRunTransition {
        version: run.version + 1,
        start_time: run.start_time,
        end_time: run.end_time,
        lateness: None,
        agent: run.agent,
        heartbeat: true,
        lease: run.lease,
        releases_lease: true,
        unfinished: Unfinished::Kept,
        wakes_agents: false,
    };
    (state, transition)
}

fn refusal(run: &FlowRunNow, sender: Sender, next: StateType) -> Option<Verdict<FlowRunTransition>> {
    match next {
        StateType::Submitted => match run.state {
            // A stock agent may have been shown it before it was paused.
            StateType::Paused if run.is_held => Some(Verdict::Refuse(Rejection::NotSubmittable(run.state))),
            StateType::Scheduled
            | StateType::Paused
            | StateType::Resume
            | StateType::Retrying
            | StateType::Queued
            | StateType::Pending => None,
            // The same agent may say it again: its first answer may have been lost on the way.
            StateType::Submitted
                if sender.agent.is_some() && sender.agent == run.agent && run.handed_out <= 1 =>
            {
                Some(Verdict::Replay)
            }
            StateType::Submitted => Some(Verdict::Refuse(Rejection::AlreadySubmitted)),
            other => Some(Verdict::Refuse(Rejection::NotSubmittable(other))),
        },
        StateType::Running => match run.state {
            StateType::Cancelled | StateType::Cancelling => {
                Some(Verdict::Refuse(Rejection::Stopped(run.state)))
            }
            _ => None,
        },
        _ => None,
    }
}

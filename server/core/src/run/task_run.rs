//! What a proposed state does to a task run.

use super::{Proposal, Rejection, Verdict, flow_run::Sender};
use crate::concurrency::Full;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::{State, StateType};

/// A task run as it is in the database.
#[derive(Debug, Clone)]
pub struct TaskRunNow {
    /// Type of its state; `None` before its first.
    pub state: Option<StateType>,
    /// Count of its states.
    pub version: i64,
    /// Fingerprint of the request that set its state.
    pub fingerprint: Option<i64>,
    /// Fingerprint of the state with version `proposal.version + 1`, when that is not the present one.
    pub fingerprint_at_expected: Option<i64>,
    /// When it first ran.
    pub start_time: Option<DateTime<Utc>>,
    /// When it last ended.
    pub end_time: Option<DateTime<Utc>>,
    /// State of its flow run.
    pub flow_run_state: StateType,
    /// Who may take it to a process.
    pub handing: Handing,
    /// Whether its flow group locks versions.
    pub locks_versions: bool,
}

/// To whom the flow run of a task run was handed, when a retry of it was due.
#[derive(Debug, Clone, Default)]
pub struct Handing {
    /// Whether one of our agents has it.
    pub leased: bool,
    /// The stock agent that was shown it last: its id, and what tells its questions apart.
    pub reserved_by: Option<String>,
    /// To how many who asked it was shown lately.
    pub handed_out: i64,
}

impl Handing {
    /// Whether somebody else than this agent takes, or has taken, the task run.
    fn is_anothers(&self, agent: &str, submitted: bool) -> bool {
        self.leased
            || self.reserved_by.as_ref().is_some_and(|by| !by.starts_with(agent))
            || (submitted && self.handed_out > 1)
    }
}

/// The new row.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRunTransition {
    /// The new version.
    pub version: i64,
    /// `start_time` of the row.
    pub start_time: Option<DateTime<Utc>>,
    /// `end_time` of the row.
    pub end_time: Option<DateTime<Utc>>,
    /// Whether the task run shows life by this state.
    pub heartbeat: bool,
    /// Whether agents that wait for work must look again (a retry became due later).
    pub wakes_agents: bool,
}

/// Decides on a state for a task run. `Running` needs a flow run that is `Running`: that is what stops new
/// tasks while a run is being cancelled. `Submitted` is what agents say when they take up a retry: only the one that was
/// handed the run may. `Failed` is not the end of a task run, `Retrying` follows it.
pub fn decide(
    now: DateTime<Utc>,
    run: &TaskRunNow,
    sender: Sender,
    proposal: &Proposal,
) -> Verdict<TaskRunTransition> {
    let next = proposal.state.kind();
    if next == StateType::Submitted
        && let Some(agent) = sender.agent
        && run.handing.is_anothers(&agent.to_string(), run.state == Some(StateType::Submitted))
    {
        return Verdict::Refuse(Rejection::AlreadySubmitted);
    }
    // Before repetitions are looked for, as for flow runs: another process says the very same.
    if let Some(expected) = proposal.version
        && next == StateType::Running
        && run.locks_versions
        && expected != run.version
    {
        return Verdict::Refuse(Rejection::VersionLocked { expected, actual: run.version });
    }
    if run.fingerprint == Some(proposal.fingerprint) && run.state == Some(next) {
        return Verdict::Replay;
    }
    if run.fingerprint_at_expected == Some(proposal.fingerprint) {
        return Verdict::Replay;
    }
    let running = next == StateType::Running;
    if running && run.flow_run_state != StateType::Running {
        return Verdict::Refuse(Rejection::FlowRunNotRunning(run.flow_run_state));
    }
    Verdict::Apply(TaskRunTransition {
        version: run.version + 1,
        start_time: if running { run.start_time.or(Some(now)) } else { run.start_time },
        end_time: if next.sets_end_time() { Some(now) } else { run.end_time },
        heartbeat: running,
        wakes_agents: next.is_scheduled(),
    })
}

/// How soon the process of a task that must wait asks again: the stock client's interval.
pub const QUEUED_FOR: TimeDelta = TimeDelta::seconds(30);

/// What becomes of a task run that may not begin yet: the state `Queued` around the one it had.
pub fn queue(
    now: DateTime<Utc>,
    run: &TaskRunNow,
    waiting: serde_json::Value,
    full: &Full,
) -> (State, TaskRunTransition) {
    let state = State::new(StateType::Queued, format!("Waiting for a free slot: {full}."))
        .wrapping(waiting)
        .starting_at(now + QUEUED_FOR);
    let transition = TaskRunTransition {
        version: run.version + 1,
        start_time: run.start_time,
        end_time: run.end_time,
        heartbeat: true,
        wakes_agents: false,
    };
    (state, transition)
}

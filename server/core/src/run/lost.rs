//! Whether a run that somebody works on was lost, why, and what becomes of it.
//!
//! Two signals tell that a run lives: the heartbeats of its process, and its agent, which sees the process and says so
//! with every poll. A run of our agents is lost when both are silent. Of a run of a stock agent only heartbeats are
//! known; there, Prefect's zombie killer and Lazarus are followed (reference §6).

mod cause;
mod rules;

pub use cause::Cause;
pub use rules::{Policy, Rules};

use chrono::{DateTime, Utc};
use signalbox_schema::StateType;

/// A run that somebody works on, as far as it matters whether somebody still does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Type of its state.
    pub state: StateType,
    /// When it got its state.
    pub state_since: DateTime<Utc>,
    /// When its process, or its agent on its behalf, was last heard of.
    pub heartbeat: Option<DateTime<Utc>>,
    /// When the lease of one of our agents on it ends; `None` when it belongs to a stock agent or to nobody.
    pub lease_expires: Option<DateTime<Utc>>,
    /// The agent that took it.
    pub agent: Option<AgentSeen>,
    /// Whether a task run of it is `Running`.
    pub works: bool,
    /// Whether a task run of it waits for a time, or is on its way to a process: then none need be alive.
    pub waits: bool,
    /// How often it was started again so far.
    pub reschedules: u32,
}

/// An agent, and when it last asked for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSeen {
    /// What people call it.
    pub name: String,
    /// When it last asked for work.
    pub last_seen: Option<DateTime<Utc>>,
}

/// What happens with a lost run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing but a line in its log: a person decides.
    Wait,
    /// Its task runs that were `Running` end or are retried; the run itself stays as it is.
    EndTasks,
    /// The lease ends; the run waits for the time of its retry, without a process.
    Release,
    /// It is started again; its interrupted task runs are retried as far as they may be.
    Reschedule,
    /// It has failed.
    Fail,
    /// It is cancelled: that had been asked for, and nobody is left who could stop anything.
    Cancel,
}

impl Remedy {
    /// Its name for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::EndTasks => "end_tasks",
            Self::Release => "release",
            Self::Reschedule => "reschedule",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
        }
    }
}

/// A lost run: why, and what happens with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Why it counts as lost.
    pub cause: Cause,
    /// What happens with it.
    pub remedy: Remedy,
    /// Whether Prefect's own processes would have found it: the messages are theirs then.
    pub as_prefect: bool,
    /// How often it was started again so far, of how often it may be.
    pub attempts: (u32, u32),
}

/// Looks whether a run was lost. `listening_since` is when the installation could last have been unreachable: silence
/// before that proves nothing.
pub fn judge(
    now: DateTime<Utc>,
    listening_since: DateTime<Utc>,
    run: &Watched,
    rules: &Rules,
) -> Option<Finding> {
    let last_sign = run.heartbeat.unwrap_or(run.state_since);
    let silence = now - last_sign.max(listening_since);
    if let Some(expires) = run.lease_expires {
        // Without heartbeats only the agent speaks; it may be gone for a while and come back.
        let patience =
            if rules.heartbeat { rules.lost_after } else { rules.lost_after.max(rules.silent_after) };
        if expires > now || silence <= patience {
            return None;
        }
        let cause = Cause::of_agent(run, expires, last_sign, rules);
        return of_ours(run, rules).map(|remedy| finding(run, rules, cause, remedy, false));
    }
    if !rules.heartbeat {
        return None;
    }
    let patience = match run.state {
        StateType::Submitted => rules.unstarted_after,
        _ => rules.silent_after,
    };
    if silence <= patience {
        return None;
    }
    let cause = match run.state {
        StateType::Submitted => Cause::NeverStarted { agent: run.agent_name(), since: run.state_since },
        _ => Cause::Silent { agent: run.agent_name(), last_sign },
    };
    of_a_stock_agent(run, rules).map(|remedy| finding(run, rules, cause, remedy, true))
}

/// What happens with a run whose agent saw its process end before the run had. `None` when it is right as it is.
pub fn exited(run: &Watched, rules: &Rules, what: String) -> Option<Finding> {
    let remedy = match run.state {
        StateType::Cancelling => Remedy::Cancel,
        // The process is known to be gone, so there is nothing to wait for. Without a policy the run has failed: its
        // owner sees a crash as one.
        StateType::Submitted | StateType::Running => match rules.policy {
            Some(Policy::Reschedule) => again(run, rules),
            Some(Policy::Fail | Policy::Wait) | None => Remedy::Fail,
        },
        _ => return None,
    };
    Some(finding(run, rules, Cause::Exited { what }, remedy, false))
}

/// What happens with a run that was given to a process which never received it. `None` when it has begun.
pub fn unheard(run: &Watched, rules: &Rules) -> Option<Finding> {
    // It was never lost, so it is not counted.
    (run.state == StateType::Submitted)
        .then(|| finding(run, rules, Cause::Unheard, Remedy::Reschedule, false))
}

fn finding(run: &Watched, rules: &Rules, cause: Cause, remedy: Remedy, as_prefect: bool) -> Finding {
    Finding { cause, remedy, as_prefect, attempts: (run.reschedules, rules.reschedules) }
}

fn of_ours(run: &Watched, rules: &Rules) -> Option<Remedy> {
    Some(match (run.state, rules.policy) {
        (StateType::Cancelling, _) => Remedy::Cancel,
        (StateType::Submitted | StateType::Running, Some(Policy::Wait)) => Remedy::Wait,
        (StateType::Submitted | StateType::Running, Some(Policy::Fail)) => Remedy::Fail,
        (StateType::Running, Some(Policy::Reschedule) | None) if run.waits && !run.works => Remedy::Release,
        (StateType::Submitted | StateType::Running, Some(Policy::Reschedule) | None) => again(run, rules),
        _ => return None,
    })
}

fn of_a_stock_agent(run: &Watched, rules: &Rules) -> Option<Remedy> {
    Some(match run.state {
        StateType::Cancelling if rules.zombie_killer => Remedy::Fail,
        // Its process left, to come back when a task run's time has come.
        StateType::Running if run.waits && !run.works => return None,
        StateType::Submitted | StateType::Running => match rules.policy {
            Some(Policy::Wait) => Remedy::Wait,
            Some(Policy::Fail) => Remedy::Fail,
            Some(Policy::Reschedule) => again(run, rules),
            // The zombie killer ends the task runs, and Lazarus finds the run without any.
            None if run.works => {
                if !rules.zombie_killer {
                    return None;
                }
                Remedy::EndTasks
            }
            None if rules.lazarus => again(run, rules),
            // Nobody starts it again: better a failure with its cause than a run that never ends.
            None if rules.zombie_killer => Remedy::Fail,
            None => return None,
        },
        _ => return None,
    })
}

fn again(run: &Watched, rules: &Rules) -> Remedy {
    if run.reschedules < rules.reschedules { Remedy::Reschedule } else { Remedy::Fail }
}

impl Watched {
    fn agent_name(&self) -> Option<String> {
        self.agent.as_ref().map(|agent| agent.name.clone())
    }
}

#[cfg(test)]
mod tests;

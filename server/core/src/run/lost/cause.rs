//! Why a run counts as lost, in words for its owner.

use super::{Finding, Remedy, Rules, Watched};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use signalbox_schema::StateType;
use std::fmt;

/// A poll is noted a moment before it renews leases, or after.
const NOTED_WITHIN: TimeDelta = TimeDelta::seconds(2);

/// Why a run counts as lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its agent does not call any more.
    AgentGone {
        /// The agent.
        agent: String,
        /// When it was last heard of.
        last_seen: DateTime<Utc>,
        /// When the run's process was.
        last_sign: DateTime<Utc>,
    },
    /// Its agent calls, but does not name the run among those that it holds.
    LeaseExpired {
        /// The agent, if it is still known.
        agent: Option<String>,
        /// When the lease ended.
        expired: DateTime<Utc>,
        /// When the run's process was last heard of.
        last_sign: DateTime<Utc>,
    },
    /// Its heartbeats stopped.
    Silent {
        /// The agent, if one is known.
        agent: Option<String>,
        /// When the last came.
        last_sign: DateTime<Utc>,
    },
    /// It was taken, and nothing was heard of it since.
    NeverStarted {
        /// The agent, if one is known.
        agent: Option<String>,
        /// When it was taken.
        since: DateTime<Utc>,
    },
    /// The answer that gave it to its agent never arrived.
    Unheard,
    /// Its agent saw its process end.
    Exited {
        /// What the agent saw: a clause such as "the flow-run process was killed by signal SIGKILL (9)".
        what: String,
    },
}

impl Cause {
    /// The cause behind a lease that ended.
    pub(super) fn of_agent(
        run: &Watched,
        expired: DateTime<Utc>,
        last_sign: DateTime<Utc>,
        rules: &Rules,
    ) -> Self {
        // An agent that has called since it last renewed this lease lives, and did not name the run.
        let renewed = expired - rules.lease + NOTED_WITHIN;
        match &run.agent {
            Some(agent) => match agent.last_seen {
                // Polls are noted to a few seconds; one that calls was noted after the lease ended.
                Some(last_seen) if last_seen <= renewed => {
                    Self::AgentGone { agent: agent.name.clone(), last_seen, last_sign }
                }
                _ => Self::LeaseExpired { agent: Some(agent.name.clone()), expired, last_sign },
            },
            None => Self::LeaseExpired { agent: None, expired, last_sign },
        }
    }

    /// Its name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AgentGone { .. } => "agent_gone",
            Self::LeaseExpired { .. } => "lease_expired",
            Self::Silent { .. } => "heartbeat_stopped",
            Self::NeverStarted { .. } => "never_started",
            Self::Unheard => "answer_lost",
            Self::Exited { .. } => "process_ended",
        }
    }
}

impl fmt::Display for Cause {
    /// A clause without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentGone { agent, last_seen, last_sign } => write!(
                f,
                "agent '{agent}' was last heard of at {}, and the run at {}",
                time(*last_seen),
                time(*last_sign)
            ),
            Self::LeaseExpired { agent: Some(agent), expired, last_sign } => write!(
                f,
                "agent '{agent}' gave the run up without a word (its lease ended at {}), and the run was last heard \
                 of at {}",
                time(*expired),
                time(*last_sign)
            ),
            Self::LeaseExpired { agent: None, expired, last_sign } => write!(
                f,
                "its agent was removed, the lease on it ended at {}, and the run was last heard of at {}",
                time(*expired),
                time(*last_sign)
            ),
            Self::Silent { agent, last_sign } => {
                write!(f, "the last heartbeat came at {}{}", time(*last_sign), Taken(agent.as_deref()))
            }
            Self::NeverStarted { agent, since } => {
                write!(f, "it was submitted at {}{} and never ran", time(*since), Taken(agent.as_deref()))
            }
            Self::Unheard => f.write_str("the answer that gave it to its agent was lost on the way"),
            Self::Exited { what } => f.write_str(what),
        }
    }
}

impl Finding {
    /// The message of the state that the run gets, and of the line in its log. Where Prefect's own processes would
    /// have acted it begins with their text.
    pub fn message(&self) -> String {
        let cause = &self.cause;
        let (done, of) = self.attempts;
        match (self.remedy, self.as_prefect) {
            (Remedy::Wait, _) => format!("The run seems to be lost: {cause}. It waits for a decision."),
            (Remedy::EndTasks, _) => format!("No heartbeat detected from the remote task: {cause}."),
            (Remedy::Release, _) => {
                format!("The process of the run is gone: {cause}. The run goes on when its retry is due.")
            }
            (Remedy::Reschedule, _) if *cause == Cause::Unheard => format!("Handed out again: {cause}."),
            (Remedy::Reschedule, true) => {
                format!("Rescheduled by a Lazarus process. This is attempt {} of {of}: {cause}.", done + 1)
            }
            (Remedy::Reschedule, false) => {
                format!("Lost and rescheduled (attempt {} of {of}): {cause}.", done + 1)
            }
            (Remedy::Fail, true) if done > 0 => format!(
                "A Lazarus process attempted to reschedule this run {done} times without success. Marking as failed: \
                 {cause}."
            ),
            (Remedy::Fail, true) => {
                format!("No heartbeat detected from the flow run; marking the run as failed. Cause: {cause}.")
            }
            (Remedy::Fail, false) if done > 0 => {
                format!("Lost, after it was rescheduled {done} times: {cause}.")
            }
            (Remedy::Fail, false) => match cause {
                Cause::Exited { what } => what.clone(),
                _ => format!("Lost: {cause}."),
            },
            (Remedy::Cancel, _) => match cause {
                Cause::Exited { .. } => "Flow run is cancelled".to_owned(),
                _ => format!("Flow run is cancelled. Nobody was left to stop it: {cause}."),
            },
        }
    }

    /// How often the run was started again, with what happens now.
    pub fn reschedules(&self) -> u32 {
        let again = self.remedy == Remedy::Reschedule && self.cause != Cause::Unheard;
        self.attempts.0 + u32::from(again)
    }

    /// The message of a task run of it that was interrupted and is not retried.
    pub fn task_message(&self) -> String {
        match (self.as_prefect, &self.cause) {
            (true, cause) => {
                format!(
                    "No heartbeat detected from the remote task; marking the run as failed. Cause: {cause}."
                )
            }
            (false, Cause::Exited { .. }) => {
                "The process of the flow run ended while the task ran.".to_owned()
            }
            (false, cause) => format!("The flow run was lost while the task ran: {cause}."),
        }
    }

    /// The message of a task run of it that was interrupted and is retried for the `retry`th time of `most`.
    pub fn retry_message(&self, retry: u32, most: u32) -> String {
        if self.as_prefect {
            return format!(
                "No heartbeat detected from the remote task; retrying the run. This will be retry {retry} of {most}."
            );
        }
        format!("The flow run was lost while the task ran. This will be retry {retry} of {most}.")
    }

    /// The state that the run gets, if it gets one.
    pub const fn next_state(&self) -> Option<StateType> {
        match self.remedy {
            Remedy::Wait | Remedy::EndTasks | Remedy::Release => None,
            Remedy::Reschedule => Some(StateType::Scheduled),
            Remedy::Fail => Some(StateType::Failed),
            Remedy::Cancel => Some(StateType::Cancelled),
        }
    }
}

/// " by agent '…'", when one is known.
struct Taken<'a>(Option<&'a str>);

impl fmt::Display for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(agent) => write!(f, " (agent '{agent}')"),
            None => Ok(()),
        }
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

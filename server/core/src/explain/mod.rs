//! Why a run has not started, or what it waits for: the one sentence that a person needs, and the same for programs.
//!
//! [`explain`] looks at [`Facts`] and knows no database and no clock.

mod agents;
mod facts;
mod under_way;
mod waiting;
mod words;

pub use facts::{AgentFacts, Facts, Holder, LimitFacts, Reserved, RunFacts, TaskFacts};

use chrono::{DateTime, Utc};
use signalbox_schema::{AgentId, StateType};

/// What holds a run, or where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It is due later.
    ScheduledForLater,
    /// It is paused until somebody resumes it (or until a time).
    Paused,
    /// It was never scheduled.
    Pending,
    /// No agent has all its labels.
    NoAgent,
    /// Agents have its labels, but none of them asks for work.
    AgentsOffline,
    /// Agents that may take it are at work, and have not taken it.
    AgentsBusy,
    /// The policy of its schedule lets it wait for another run of its flow.
    HeldByPolicy,
    /// A concurrency limit of one of its labels is full.
    LimitReached,
    /// Runs that come before it are not taken yet.
    BehindOthers,
    /// It was shown to an agent, and nobody else gets it for a moment.
    Reserved,
    /// Nothing holds it: an agent takes it any moment.
    AboutToStart,
    /// An agent has it and starts its process.
    Submitted,
    /// It runs.
    Running,
    /// It runs, and a task of it waits for its next attempt.
    WaitingForRetry,
    /// It runs, and a task of it waits for somebody's approval.
    ApprovalNeeded,
    /// It runs, and tasks of it wait for a free slot of their tag.
    TagLimitReached,
    /// It runs, and nothing was heard of its process for long.
    Silent,
    /// It is asked to stop.
    Cancelling,
    /// It has ended.
    Ended,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What holds the run.
    pub condition: Condition,
    /// The same for people: one sentence without a full stop.
    pub sentence: String,
    /// Since when it is so, if that is known.
    pub since: Option<DateTime<Utc>>,
    /// Until when it is so at the latest, if that is known: when the run is due, when a reservation ends.
    pub until: Option<DateTime<Utc>>,
    /// For each agent that asks for work and may not take the run: the labels it lacks.
    pub lacking: Vec<Lacking>,
    /// The agents that have all its labels.
    pub matching: Vec<AgentFacts>,
    /// The limits that are full.
    pub limits: Vec<LimitFacts>,
    /// How many runs come before it.
    pub ahead: u64,
    /// What would help, as a command.
    pub command: Option<String>,
}

/// An agent that may not take a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// The run's labels that it lacks. None when the run has no labels and the agent has: such a run goes to agents
    /// without labels only.
    pub labels: Vec<String>,
}

impl Explanation {
    fn new(condition: Condition, sentence: impl Into<String>) -> Self {
        Self {
            condition,
            sentence: sentence.into(),
            since: None,
            until: None,
            lacking: Vec::new(),
            matching: Vec::new(),
            limits: Vec::new(),
            ahead: 0,
            command: None,
        }
    }

    fn since(mut self, since: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.since = since.into();
        self
    }

    fn until(mut self, until: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.until = until.into();
        self
    }

    fn try_this(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

/// Says what holds a run, or where it is.
pub fn explain(facts: &Facts) -> Explanation {
    let run = &facts.run;
    match run.state {
        StateType::Scheduled
        | StateType::Resume
        | StateType::Retrying
        | StateType::Queued
        | StateType::Paused => waiting::explain(facts),
        StateType::Pending | StateType::ClientFailed => {
            let sentence = format!(
                "it was never scheduled: it is {} since {}, and starts when somebody sets it Scheduled",
                run.state,
                words::time(run.state_since, facts.now)
            );
            Explanation::new(Condition::Pending, sentence).since(run.state_since)
        }
        StateType::Submitted => under_way::submitted(facts),
        StateType::Running => under_way::running(facts),
        StateType::Cancelling => under_way::cancelling(facts),
        StateType::Finished
        | StateType::Success
        | StateType::Skipped
        | StateType::Cached
        | StateType::Mapped
        | StateType::Looped
        | StateType::Failed
        | StateType::TimedOut
        | StateType::TriggerFailed
        | StateType::ValidationFailed
        | StateType::Cancelled => {
            let ended = run.end_time.unwrap_or(run.state_since);
            let sentence = format!(
                "it ended as {} {}{}",
                run.state,
                words::at(ended, facts.now),
                words::quoted(run.message.as_deref())
            );
            Explanation::new(Condition::Ended, sentence).since(ended)
        }
    }
}

#[cfg(test)]
mod tests;

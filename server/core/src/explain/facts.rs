//! What is known about a run and its surroundings.

use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::{AgentId, FlowRunId, LabelSet, StateType};

/// An agent that asked for work this recently counts as alive (the stock client's rule).
pub(super) const ALIVE: TimeDelta = TimeDelta::minutes(1);

/// Everything that is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// The run.
    pub run: RunFacts,
    /// The tenant's agents, those that asked for work last first.
    pub agents: Vec<AgentFacts>,
    /// The limits on the run's labels.
    pub limits: Vec<LimitFacts>,
    /// Why the policy of its schedule does not let it start, if it does not.
    pub held: Option<String>,
    /// How many runs that are due come before it, for agents that may take it.
    pub ahead: u64,
    /// Its tasks, as far as they wait.
    pub tasks: TaskFacts,
}

/// The run itself.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The run.
    pub id: FlowRunId,
    /// Its state.
    pub state: StateType,
    /// Since when it has it.
    pub state_since: DateTime<Utc>,
    /// The state's message.
    pub message: Option<String>,
    /// When it is due; `None` for a pause without an end.
    pub due: Option<DateTime<Utc>>,
    /// Its labels.
    pub labels: LabelSet,
    /// Its priority.
    pub priority: i64,
    /// When it first ran.
    pub start_time: Option<DateTime<Utc>>,
    /// When it last ended.
    pub end_time: Option<DateTime<Utc>>,
    /// The last sign of life of its process.
    pub heartbeat: Option<DateTime<Utc>>,
    /// The agent that has it, or had it last.
    pub agent: Option<(AgentId, String)>,
    /// When the agent's lease on it ends, if it has one.
    pub lease_until: Option<DateTime<Utc>>,
    /// Until when it is kept for an agent that was shown it.
    pub reserved: Option<Reserved>,
    /// Whether its flow version was put away.
    pub archived: bool,
    /// Whether the flow's schedule made it.
    pub auto_scheduled: bool,
    /// Whether the flow's schedule is followed.
    pub schedule_active: bool,
}

/// A run is kept for somebody for a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// For which of the tenant's agents, if that is known.
    pub agent: Option<AgentId>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFacts {
    /// The agent.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: LabelSet,
    /// When it last asked for work.
    pub last_queried: Option<DateTime<Utc>>,
    /// How many runs it has under way.
    pub runs: u64,
}

impl AgentFacts {
    /// Whether it asked for work within the last minute.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.last_queried.is_some_and(|last| now - last < ALIVE)
    }
}

/// A concurrency limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitFacts {
    /// The label or tag.
    pub name: String,
    /// How many slots there are.
    pub slots: i64,
    /// How many of them are taken.
    pub taken: i64,
    /// Who has them; the first few.
    pub holders: Vec<Holder>,
}

impl LimitFacts {
    /// Whether no slot is free.
    pub const fn is_full(&self) -> bool {
        self.taken >= self.slots
    }
}

/// A run that holds a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The run.
    pub run: FlowRunId,
    /// Its name.
    pub name: String,
    /// Since when it has the slot.
    pub since: DateTime<Utc>,
}

/// The task runs of a run that is under way.
#[derive(Debug, Clone, Default)]
pub struct TaskFacts {
    /// How many are running.
    pub running: u64,
    /// The next attempt of one that waits for it: the task's name, and when.
    pub retry: Option<(String, DateTime<Utc>)>,
    /// The name of one that waits for somebody's approval.
    pub approval: Option<String>,
    /// How many wait for a slot of their tag.
    pub queued: u64,
    /// Limits on tags of those.
    pub limits: Vec<LimitFacts>,
}

//! Why a run has not started, or what it waits for.

use crate::graphql::context::RequestContext;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use signalbox_core::explain::{AgentFacts, Condition, Holder, Lacking, LimitFacts};
use signalbox_schema::FlowRunId;
use signalbox_services::flow_runs::{self, Explained};
use uuid::Uuid;

/// What holds a run, or where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "flow_run_condition", rename_items = "snake_case", remote = "Condition")]
enum ConditionName {
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

/// What holds a run: one sentence for people, and the same for programs.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_explanation", rename_fields = "snake_case")]
struct FlowRunExplanation {
    /// The run.
    flow_run_id: Uuid,
    /// Its state.
    state: String,
    /// What holds it.
    condition: ConditionName,
    /// The same for people.
    sentence: String,
    /// Since when it is so, if that is known.
    since: Option<DateTime<Utc>>,
    /// Until when it is so at the latest, if that is known.
    until: Option<DateTime<Utc>>,
    /// When the run is due, while it waits.
    due: Option<DateTime<Utc>>,
    /// The agent that has it, or had it last.
    agent: Option<String>,
    /// For each agent that asks for work and may not take the run: the labels it lacks.
    labels_missing: Vec<LabelsMissing>,
    /// The agents that have all its labels.
    agents_matching: Vec<AgentMatching>,
    /// The concurrency limits that are full.
    limits: Vec<LimitFull>,
    /// How many due runs come before it; counted up to 1,000.
    ahead: u64,
    /// What would help, as a command.
    command: Option<String>,
}

/// An agent that may not take a run.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_labels_missing", rename_fields = "snake_case")]
struct LabelsMissing {
    /// The agent.
    agent_id: Uuid,
    /// Its name.
    agent_name: String,
    /// The run's labels that it lacks. None when the run has no labels and the agent has.
    labels: Vec<String>,
}

/// An agent that may take a run.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_agent_matching", rename_fields = "snake_case")]
struct AgentMatching {
    /// The agent.
    agent_id: Uuid,
    /// Its name.
    agent_name: String,
    /// Whether it asked for work within the last minute.
    online: bool,
    /// When it last asked for work.
    last_queried: Option<DateTime<Utc>>,
    /// How many runs it has under way.
    runs: u64,
}

/// A concurrency limit that is full.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_limit_full", rename_fields = "snake_case")]
struct LimitFull {
    /// The label, or the tag when tasks wait.
    name: String,
    /// How many slots there are.
    limit: i64,
    /// How many are taken.
    taken: i64,
    /// Who has them; the first ten.
    holders: Vec<LimitHolder>,
}

/// A run that holds a slot.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_limit_holder", rename_fields = "snake_case")]
struct LimitHolder {
    /// The run.
    flow_run_id: Uuid,
    /// Its name.
    flow_run_name: String,
    /// Since when.
    since: DateTime<Utc>,
}

/// What is said about single runs.
#[derive(Debug, Default)]
pub struct FlowRunExplainQuery;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowRunExplainQuery {
    /// Why a run has not started, or what it waits for.
    async fn flow_run_explain(&self, ctx: &Context<'_>, flow_run_id: Uuid) -> Result<FlowRunExplanation> {
        let access = ctx.access()?;
        Ok(flow_runs::explain(ctx.services()?, &access, FlowRunId(flow_run_id)).await?.into())
    }
}

impl From<Explained> for FlowRunExplanation {
    fn from(Explained { facts, explanation }: Explained) -> Self {
        let now = facts.now;
        let matching = |agent: AgentFacts| AgentMatching {
            agent_id: agent.id.0,
            online: agent.is_alive(now),
            agent_name: agent.name,
            last_queried: agent.last_queried,
            runs: agent.runs,
        };
        Self {
            flow_run_id: facts.run.id.0,
            state: facts.run.state.as_str().to_owned(),
            condition: explanation.condition.into(),
            sentence: explanation.sentence,
            since: explanation.since,
            until: explanation.until,
            due: facts.run.due,
            agent: facts.run.agent.map(|(_, name)| name),
            labels_missing: explanation.lacking.into_iter().map(LabelsMissing::from).collect(),
            agents_matching: explanation.matching.into_iter().map(matching).collect(),
            limits: explanation.limits.into_iter().map(LimitFull::from).collect(),
            ahead: explanation.ahead,
            command: explanation.command,
        }
    }
}

impl From<Lacking> for LabelsMissing {
    fn from(lacking: Lacking) -> Self {
        Self { agent_id: lacking.agent.0, agent_name: lacking.name, labels: lacking.labels }
    }
}

impl From<LimitFacts> for LimitFull {
    fn from(limit: LimitFacts) -> Self {
        let LimitFacts { name, slots, taken, holders } = limit;
        let holder =
            |Holder { run, name, since }| LimitHolder { flow_run_id: run.0, flow_run_name: name, since };
        Self { name, limit: slots, taken, holders: holders.into_iter().map(holder).collect() }
    }
}

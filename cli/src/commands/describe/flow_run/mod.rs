//! `signalbox describe flow-run`: what is asked. How it is shown is in `show`.

mod show;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::log_line::LogLine;
use crate::output::screen::{self, Format};
use crate::session::explanation::{self, Explanation};
use crate::session::{Session, explain, find};

/// The run with everything around it.
pub(crate) const DESCRIBE_FLOW_RUN: &str = "query ($id: uuid!, $logs: Int!, $children: Int!) {
  flow_run_by_pk(id: $id) {
    id name version state state_message state_timestamp created scheduled_start_time start_time end_time
    auto_scheduled slot_time lateness_ms heartbeat times_resurrected priority labels parameters context run_config
    idempotency_key
    agent { id name }
    flow { id name version flow_group_id storage project { name } }
    states(order_by: [{version: asc}]) { version state message timestamp }
    task_runs(where: {map_index: {_eq: -1}}, order_by: [{start_time: asc_nulls_last}, {created: asc}]) {
      id name task_id state state_message start_time end_time
      task { name slug mapped auto_generated }
    }
    children: task_runs(where: {map_index: {_gte: 0}}, order_by: [{map_index: asc}], limit: $children) {
      task_id state start_time end_time
    }
    logs(order_by: [{timestamp: desc}], limit: $logs) { id timestamp level name message }
  }
}";

/// Mapped task runs beyond these are not counted.
const CHILDREN: usize = 10_000;

/// Describe a flow run
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Id, beginning of an id, or name of the flow run
    #[arg(value_name = "RUN")]
    run: String,
    /// How many of the last log lines to show
    #[arg(long, default_value_t = 10, value_name = "N")]
    logs: u32,
}

#[derive(Deserialize)]
struct Answer {
    flow_run_by_pk: Option<FlowRun>,
}

#[derive(Debug, Deserialize, Serialize)]
struct FlowRun {
    id: Uuid,
    name: Option<String>,
    version: i64,
    state: Option<String>,
    state_message: Option<String>,
    state_timestamp: Option<DateTime<Utc>>,
    created: DateTime<Utc>,
    scheduled_start_time: Option<DateTime<Utc>>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    auto_scheduled: Option<bool>,
    slot_time: Option<DateTime<Utc>>,
    lateness_ms: Option<i64>,
    heartbeat: Option<DateTime<Utc>>,
    times_resurrected: Option<i64>,
    priority: Option<i64>,
    #[serde(default)]
    labels: Vec<String>,
    parameters: Option<Value>,
    context: Option<Value>,
    run_config: Option<Value>,
    idempotency_key: Option<String>,
    agent: Option<Agent>,
    flow: Option<Flow>,
    states: Vec<StateEntered>,
    task_runs: Vec<TaskRun>,
    #[serde(skip_serializing)]
    children: Vec<Child>,
    logs: Vec<LogLine>,
    /// What holds the run, or where it is.
    #[serde(skip_deserializing)]
    explanation: Option<Explanation>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Agent {
    id: Uuid,
    name: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Deserialize, Serialize)]
struct Flow {
    id: Uuid,
    name: String,
    version: i64,
    flow_group_id: Uuid,
    storage: Option<Value>,
    project: Option<Project>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Project {
    name: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct StateEntered {
    version: i64,
    state: String,
    message: Option<String>,
    timestamp: DateTime<Utc>,
}

#[derive(Debug, Deserialize, Serialize)]
struct TaskRun {
    id: Uuid,
    name: Option<String>,
    task_id: Uuid,
    state: Option<String>,
    state_message: Option<String>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    task: Option<Task>,
    /// How many mapped children are in which state, in order of the state's mood.
    #[serde(default, skip_deserializing)]
    children: Vec<StateCount>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Task {
    name: String,
    slug: String,
    mapped: Option<bool>,
    auto_generated: Option<bool>,
}

/// One mapped task run, as far as it is counted.
#[derive(Debug, Deserialize)]
struct Child {
    task_id: Uuid,
    state: Option<String>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct StateCount {
    state: String,
    count: usize,
}

/// Describes the run.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let found = find::flow_run(session, &arguments.run).await?;
    let variables = json!({"id": found.id, "logs": arguments.logs, "children": CHILDREN});
    let answer: Answer = session.ask(DESCRIBE_FLOW_RUN, variables).await?;
    let mut run = answer
        .flow_run_by_pk
        .ok_or_else(|| Failure::new(format!("run {} is gone: somebody deleted it", found.id)))?;
    run.logs.reverse();
    run.explanation = Some(explanation::of(session, run.id).await.map_err(|error| explain(&error))?);
    gather_children(&mut run);
    match session.screen.format {
        Format::Json => screen::json(&run),
        Format::Table => screen::line(&show::page(&run, &session.screen)),
    }
}

/// Counts mapped children by state beside their parent, and gives the parent their times: it has none of its own. Then
/// the task runs are in the order in which they began, those that wait last.
fn gather_children(run: &mut FlowRun) {
    for task_run in &mut run.task_runs {
        let of_this = || run.children.iter().filter(|child| child.task_id == task_run.task_id);
        if of_this().next().is_none() {
            continue;
        }
        task_run.children = count_states(of_this().map(|child| child.state.as_deref().unwrap_or("Pending")));
        task_run.start_time =
            task_run.start_time.or_else(|| of_this().filter_map(|child| child.start_time).min());
        let all_ended = of_this().all(|child| child.end_time.is_some());
        if all_ended {
            task_run.end_time = of_this().filter_map(|child| child.end_time).max();
        } else {
            task_run.end_time = None;
        }
    }
    run.task_runs.sort_by_key(|task_run| (task_run.start_time.is_none(), task_run.start_time));
}

/// How often each state occurs: the most frequent first, equals by name.
fn count_states<'a>(states: impl Iterator<Item = &'a str>) -> Vec<StateCount> {
    let mut counts: Vec<StateCount> = Vec::new();
    for state in states {
        match counts.iter_mut().find(|count| count.state == state) {
            Some(count) => count.count += 1,
            None => counts.push(StateCount { state: state.to_owned(), count: 1 }),
        }
    }
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.state.cmp(&b.state)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_counted_most_frequent_first() {
        let counts = count_states(["Success", "Failed", "Success", "Cached"].into_iter());
        let shown: Vec<(usize, &str)> =
            counts.iter().map(|count| (count.count, count.state.as_str())).collect();
        assert_eq!(shown, [(2, "Success"), (1, "Cached"), (1, "Failed")]);
    }
}

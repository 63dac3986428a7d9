//! `signalbox get flow-runs`. Those that are late are in `late`.

pub(crate) mod late;

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::matching;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::state;
use crate::output::table::{Row, state_cell, text};
use crate::output::text::{labels, or_dash};
use crate::output::time;
use crate::session::Session;

/// Flow runs, newest first.
pub(crate) const FLOW_RUNS: &str = "query ($where: flow_run_bool_exp!, $limit: Int!) {
  flow_run(where: $where, order_by: [{created: desc}], limit: $limit) {
    id name state state_message created scheduled_start_time start_time end_time labels auto_scheduled
    flow { id name version project { name } }
  }
}";

/// List flow runs
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only runs of this flow; * stands for anything
    #[arg(long, short)]
    flow: Option<String>,
    /// Only runs of flows of this project
    #[arg(long, short)]
    project: Option<String>,
    /// Only runs of this name; * stands for anything
    #[arg(long, short)]
    name: Option<String>,
    /// Only runs in this state; may be repeated
    #[arg(long = "state", short, value_parser = state::parse)]
    states: Vec<String>,
    /// Only runs with this label; may be repeated
    #[arg(long = "label", short)]
    labels: Vec<String>,
    /// Only runs that were due this many seconds ago [default: 15] and have not started, with the reason
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "15", conflicts_with = "states")]
    late: Option<u32>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    flow_run: Vec<FlowRun>,
}

#[derive(Debug, Deserialize, Serialize)]
struct FlowRun {
    id: Uuid,
    name: Option<String>,
    state: Option<String>,
    state_message: Option<String>,
    created: DateTime<Utc>,
    scheduled_start_time: Option<DateTime<Utc>>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    #[serde(default)]
    labels: Vec<String>,
    auto_scheduled: Option<bool>,
    flow: Option<Flow>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Flow {
    id: Uuid,
    name: String,
    version: i64,
    project: Option<Project>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Project {
    name: String,
}

impl Row for FlowRun {
    const HEADINGS: &'static [&'static str] =
        &["NAME", "STATE", "FLOW", "PROJECT", "LABELS", "STARTED", "DURATION", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let state = self.state.as_deref().unwrap_or("-");
        // A run that has not started shows when it will.
        let started = match self.start_time.or(self.end_time) {
            Some(start) => screen.ago(Some(start)),
            None => self
                .scheduled_start_time
                .filter(|due| *due > screen.now)
                .map_or_else(|| "-".to_owned(), |due| time::relative(screen.now, due)),
        };
        // Time stands still for a run that ended, was never started, or is on its way to start again.
        let counting = self.start_time.filter(|_| self.end_time.is_some() || !state::is_finished(state));
        let flow = self.flow.as_ref();
        vec![
            text(or_dash(self.name.as_deref())),
            state_cell(state),
            text(or_dash(flow.map(|flow| flow.name.as_str()))),
            text(or_dash(flow.and_then(|flow| flow.project.as_ref()).map(|project| project.name.as_str()))),
            text(labels(&self.labels)),
            text(started),
            text(or_dash(time::elapsed(counting, self.end_time, screen.now))),
            text(self.id.to_string()),
        ]
    }
}

fn condition(arguments: &Arguments) -> Value {
    let mut condition = json!({});
    let mut flow = json!({});
    if let Some(name) = &arguments.flow {
        flow["name"] = matching(name);
    }
    if let Some(project) = &arguments.project {
        flow["project"] = json!({"name": matching(project)});
    }
    if flow != json!({}) {
        condition["flow"] = flow;
    }
    if let Some(name) = &arguments.name {
        condition["name"] = matching(name);
    }
    if !arguments.states.is_empty() {
        condition["state"] = json!({"_in": arguments.states});
    }
    if !arguments.labels.is_empty() {
        condition["labels"] = json!({"_contains": arguments.labels});
    }
    condition
}

/// Lists the runs.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    if let Some(seconds) = arguments.late {
        return late::run(condition(&arguments), (seconds, arguments.limit), session).await;
    }
    let variables = json!({"where": condition(&arguments), "limit": arguments.limit});
    let answer: Answer = session.ask(FLOW_RUNS, variables).await?;
    session.screen.list(&answer.flow_run, "No flow runs. Start one with: signalbox run --name FLOW")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_becomes_a_condition() {
        let mut arguments = Arguments {
            flow: None,
            project: None,
            name: None,
            states: vec![],
            labels: vec![],
            late: None,
            limit: 20,
        };
        assert_eq!(condition(&arguments), json!({}));
        arguments.project = Some("P".into());
        arguments.states = vec!["Running".into()];
        arguments.labels = vec!["gpu".into()];
        assert_eq!(
            condition(&arguments),
            json!({
                "flow": {"project": {"name": {"_eq": "P"}}},
                "state": {"_in": ["Running"]},
                "labels": {"_contains": ["gpu"]},
            })
        );
    }
}

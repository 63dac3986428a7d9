//! `signalbox get task-runs`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::state;
use crate::output::table::{Row, state_cell, text};
use crate::output::text::{or_dash, shorten};
use crate::output::time;
use crate::session::{Session, find};

/// Task runs of one flow run.
pub(crate) const TASK_RUNS: &str = "query ($where: task_run_bool_exp!, $limit: Int!) {
  task_run(where: $where, order_by: [{start_time: asc_nulls_last}, {created: asc}, {map_index: asc}], limit: $limit) {
    id name map_index state state_message start_time end_time
    task { id name slug }
  }
}";

/// List the task runs of a flow run
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Id, beginning of an id, or name of the flow run
    #[arg(value_name = "RUN")]
    run: String,
    /// Only task runs in this state; may be repeated
    #[arg(long = "state", short, value_parser = state::parse)]
    states: Vec<String>,
    /// Only runs of the task with this name or slug
    #[arg(long, short)]
    task: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 200, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    task_run: Vec<TaskRun>,
}

#[derive(Debug, Deserialize, Serialize)]
struct TaskRun {
    id: Uuid,
    name: Option<String>,
    map_index: i64,
    state: Option<String>,
    state_message: Option<String>,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    task: Option<Task>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Task {
    id: Uuid,
    name: String,
    slug: String,
}

impl Row for TaskRun {
    const HEADINGS: &'static [&'static str] = &["TASK", "STATE", "STARTED", "DURATION", "MESSAGE", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let task = self.task.as_ref().map_or("-", |task| task.name.as_str());
        let title = match (&self.name, self.map_index) {
            (Some(name), _) if !name.is_empty() => name.clone(),
            (_, ..0) => task.to_owned(),
            (_, index) => format!("{task}[{index}]"),
        };
        let state = self.state.as_deref().unwrap_or("-");
        let running = state == "Running";
        let length = self.start_time.filter(|_| running || self.end_time.is_some());
        vec![
            text(title),
            state_cell(state),
            text(screen.ago(self.start_time)),
            text(or_dash(time::elapsed(length, self.end_time, screen.now))),
            text(or_dash(self.state_message.as_deref().map(|message| shorten(message, 60)))),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the task runs.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let run = find::flow_run(session, &arguments.run).await?;
    let mut condition = json!({"flow_run_id": {"_eq": run.id}});
    if !arguments.states.is_empty() {
        condition["state"] = json!({"_in": arguments.states});
    }
    if let Some(task) = &arguments.task {
        condition["task"] = json!({"_or": [{"name": {"_eq": task}}, {"slug": {"_eq": task}}]});
    }
    let answer: Answer =
        session.ask(TASK_RUNS, json!({"where": condition, "limit": arguments.limit})).await?;
    session.screen.list(&answer.task_run, "No task runs.")
}

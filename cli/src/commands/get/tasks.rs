//! `signalbox get tasks`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::matching;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::{labels, or_dash};
use crate::session::Session;

/// Tasks with the flow they belong to.
pub(crate) const TASKS: &str = "query ($where: task_bool_exp!, $limit: Int!) {
  task(where: $where, order_by: [{flow: {name: asc}}, {flow: {version: desc}}, {slug: asc}], limit: $limit) {
    id name slug type mapped max_retries retry_delay tags created
    flow { id name version project { name } }
  }
}";

/// List tasks
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only tasks of this flow; * stands for anything
    #[arg(long, short)]
    flow: Option<String>,
    /// Only tasks of this version of the flow [default: versions that are not archived]
    #[arg(long, value_name = "N", requires = "flow")]
    flow_version: Option<i64>,
    /// Only tasks of flows of this project
    #[arg(long, short)]
    project: Option<String>,
    /// Only tasks of this name; * stands for anything
    #[arg(long, short)]
    name: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 200, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    task: Vec<Task>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Task {
    id: Uuid,
    name: String,
    slug: String,
    r#type: Option<String>,
    mapped: Option<bool>,
    max_retries: Option<i64>,
    retry_delay: Option<Value>,
    tags: Option<Vec<String>>,
    created: DateTime<Utc>,
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

impl Task {
    /// "3 × after 00:05:00"
    fn retries(&self) -> String {
        match (self.max_retries, self.retry_delay.as_ref().and_then(Value::as_str)) {
            (None | Some(0), _) => "-".to_owned(),
            (Some(retries), None) => retries.to_string(),
            (Some(retries), Some(delay)) => format!("{retries}, after {delay}"),
        }
    }
}

impl Row for Task {
    const HEADINGS: &'static [&'static str] =
        &["NAME", "FLOW", "VERSION", "MAPPED", "RETRIES", "TAGS", "SLUG"];

    fn cells(&self, _: &Screen) -> Vec<Cell> {
        vec![
            text(&self.name),
            text(or_dash(self.flow.as_ref().map(|flow| flow.name.as_str()))),
            text(or_dash(self.flow.as_ref().map(|flow| flow.version.to_string()))),
            text(if self.mapped == Some(true) { "yes" } else { "-" }),
            text(self.retries()),
            text(labels(self.tags.as_deref().unwrap_or_default())),
            text(&self.slug),
        ]
    }
}

/// Lists the tasks.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut flow = match arguments.flow_version {
        Some(version) => json!({"version": {"_eq": version}}),
        None => json!({"archived": {"_eq": false}}),
    };
    if let Some(name) = &arguments.flow {
        flow["name"] = matching(name);
    }
    if let Some(project) = &arguments.project {
        flow["project"] = json!({"name": matching(project)});
    }
    let mut condition = json!({"flow": flow});
    if let Some(name) = &arguments.name {
        condition["name"] = matching(name);
    }
    let answer: Answer = session.ask(TASKS, json!({"where": condition, "limit": arguments.limit})).await?;
    session.screen.list(&answer.task, "No tasks.")
}

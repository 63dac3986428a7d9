//! `signalbox get projects`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::matching;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::{or_dash, shorten};
use crate::session::Session;
use crate::session::count::Counted;

/// Projects with the number of their flows.
pub(crate) const PROJECTS: &str = "query ($where: project_bool_exp!, $limit: Int!) {
  project(where: $where, order_by: [{name: asc}], limit: $limit) {
    id name description created
    flows_aggregate(where: {archived: {_eq: false}}) { aggregate { count } }
  }
}";

/// List projects
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this name; * stands for anything
    #[arg(long, short)]
    name: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    project: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    id: Uuid,
    name: String,
    description: Option<String>,
    created: DateTime<Utc>,
    flows_aggregate: Counted,
}

#[derive(Debug, Serialize)]
struct Project {
    id: Uuid,
    name: String,
    description: Option<String>,
    created: DateTime<Utc>,
    /// Flows that are not archived.
    flows: u64,
}

impl From<Found> for Project {
    fn from(found: Found) -> Self {
        let Found { id, name, description, created, flows_aggregate } = found;
        Self { id, name, description, created, flows: flows_aggregate.count() }
    }
}

impl Row for Project {
    const HEADINGS: &'static [&'static str] = &["NAME", "FLOWS", "DESCRIPTION", "CREATED", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        vec![
            text(&self.name),
            text(self.flows.to_string()),
            text(or_dash(self.description.as_deref().map(|description| shorten(description, 50)))),
            text(screen.ago(Some(self.created))),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the projects.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let condition = match &arguments.name {
        Some(name) => json!({"name": matching(name)}),
        None => json!({}),
    };
    let answer: Answer = session.ask(PROJECTS, json!({"where": condition, "limit": arguments.limit})).await?;
    let projects: Vec<Project> = answer.project.into_iter().map(Project::from).collect();
    session.screen.list(&projects, "No projects. Create one with: signalbox create project NAME")
}

//! `signalbox get agents`.

use chrono::{DateTime, Duration, Utc};
use clap::Args;
use comfy_table::{Cell, Color};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::matching;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::{labels, or_dash};
use crate::session::Session;

/// Agents, those that asked for work last first.
pub(crate) const AGENTS: &str = "query ($where: agent_bool_exp!, $limit: Int!) {
  agent(where: $where, order_by: [{last_queried: desc_nulls_last}], limit: $limit) {
    id name type labels core_version created last_queried
  }
}";

/// An agent that asked for work this recently counts as alive (the stock client's rule).
const ALIVE: Duration = Duration::minutes(1);

/// List agents
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this name; * stands for anything
    #[arg(long, short)]
    name: Option<String>,
    /// Only agents with this label; may be repeated
    #[arg(long = "label", short)]
    labels: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
}

#[derive(Deserialize)]
struct Answer {
    agent: Vec<Agent>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Agent {
    id: Uuid,
    name: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    core_version: Option<String>,
    created: DateTime<Utc>,
    last_queried: Option<DateTime<Utc>>,
}

impl Row for Agent {
    const HEADINGS: &'static [&'static str] = &["NAME", "TYPE", "LABELS", "ASKED FOR WORK", "VERSION", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let alive = self.last_queried.is_some_and(|last| screen.now - last < ALIVE);
        let asked = self.last_queried.map_or_else(|| "never".to_owned(), |last| screen.ago(Some(last)));
        vec![
            text(or_dash(self.name.as_deref())),
            text(or_dash(self.r#type.as_deref())),
            text(labels(&self.labels)),
            text(asked).fg(if alive { Color::Green } else { Color::Red }),
            text(or_dash(self.core_version.as_deref())),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the agents.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut condition = json!({});
    if let Some(name) = &arguments.name {
        condition["name"] = matching(name);
    }
    if !arguments.labels.is_empty() {
        condition["labels"] = json!({"_contains": arguments.labels});
    }
    let answer: Answer = session.ask(AGENTS, json!({"where": condition, "limit": arguments.limit})).await?;
    session.screen.list(&answer.agent, "No agents. Start one with: signalbox agent start local")
}

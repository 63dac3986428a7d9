//! `signalbox get concurrency-limits`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::{Cell, Color};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::shorten;
use crate::session::Session;
use crate::session::count::Counted;

/// Limits of labels and of tags, with what is taken and by whom.
pub(crate) const CONCURRENCY_LIMITS: &str = "query ($holders: Int!) {
  labels: flow_concurrency_limit(order_by: [{name: asc}]) {
    id name limit slots_aggregate { aggregate { count } }
    slots(order_by: [{created: asc}], limit: $holders) { created flow_run { id name } }
  }
  tags: task_tag_limit(order_by: [{tag: asc}]) {
    id name: tag limit slots_aggregate { aggregate { count } }
    slots(order_by: [{created: asc}], limit: $holders) { created flow_run { id name } task_run_id }
  }
}";

/// Longest text of holders in a table.
const HELD_BY: usize = 60;

/// List concurrency limits
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show at most this many holders of each
    #[arg(long, default_value_t = 20, value_name = "N")]
    holders: u32,
}

#[derive(Deserialize)]
struct Answer {
    labels: Vec<Found>,
    tags: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    id: Uuid,
    name: String,
    limit: i64,
    slots_aggregate: Counted,
    slots: Vec<Slot>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Slot {
    /// Since when it is taken.
    created: DateTime<Utc>,
    flow_run: Option<FlowRun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task_run_id: Option<Uuid>,
}

#[derive(Debug, Deserialize, Serialize)]
struct FlowRun {
    id: Uuid,
    name: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Serialize)]
struct Limit {
    id: Uuid,
    /// "label" or "tag".
    kind: &'static str,
    name: String,
    limit: i64,
    taken: u64,
    held_by: Vec<Slot>,
}

impl Limit {
    fn new(kind: &'static str, found: Found) -> Self {
        let Found { id, name, limit, slots_aggregate, slots } = found;
        Self { id, kind, name, limit, taken: slots_aggregate.count(), held_by: slots }
    }

    /// The runs that hold slots, each once.
    fn holders(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for run in self.held_by.iter().filter_map(|slot| slot.flow_run.as_ref()) {
            let name = run.name.clone().unwrap_or_else(|| run.id.to_string());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() { "-".to_owned() } else { shorten(&names.join(", "), HELD_BY) }
    }
}

impl Row for Limit {
    const HEADINGS: &'static [&'static str] = &["KIND", "NAME", "TAKEN", "HELD BY", "ID"];

    fn cells(&self, _: &Screen) -> Vec<Cell> {
        let full = i64::try_from(self.taken).is_ok_and(|taken| taken >= self.limit);
        let taken = text(format!("{}/{}", self.taken, self.limit));
        vec![
            text(self.kind),
            text(&self.name),
            if full { taken.fg(Color::Yellow) } else { taken },
            text(self.holders()),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the limits.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let answer: Answer = session.ask(CONCURRENCY_LIMITS, json!({"holders": arguments.holders})).await?;
    let labels = answer.labels.into_iter().map(|found| Limit::new("label", found));
    let tags = answer.tags.into_iter().map(|found| Limit::new("tag", found));
    let limits: Vec<Limit> = labels.chain(tags).collect();
    session.screen.list(
        &limits,
        "No concurrency limits. Set one with: signalbox create concurrency-limit N --label LABEL",
    )
}

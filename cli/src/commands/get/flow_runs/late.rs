//! `signalbox get flow-runs --late`: what should have started and has not, and why.

use chrono::{DateTime, Duration, Utc};
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Flow;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::{labels, or_dash};
use crate::output::time;
use crate::session::explanation::{self, Explanation};
use crate::session::{Session, explain};

/// Runs that wait, those that are late longest first.
pub(crate) const LATE_FLOW_RUNS: &str = "query ($where: flow_run_bool_exp!, $limit: Int!) {
  flow_run(where: $where, order_by: [{scheduled_start_time: asc}], limit: $limit) {
    id name state scheduled_start_time state_start_time labels priority
    flow { id name version project { name } }
  }
}";

/// States in which a run waits for its start.
const WAITING: [&str; 5] = ["Scheduled", "Resume", "Retrying", "Queued", "Submitted"];

#[derive(Deserialize)]
struct Answer {
    flow_run: Vec<Late>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Late {
    id: Uuid,
    name: Option<String>,
    state: String,
    scheduled_start_time: DateTime<Utc>,
    state_start_time: Option<DateTime<Utc>>,
    #[serde(default)]
    labels: Vec<String>,
    priority: i64,
    flow: Option<Flow>,
    /// What holds it.
    #[serde(skip_deserializing)]
    explanation: Option<Explanation>,
}

impl Row for Late {
    const HEADINGS: &'static [&'static str] = &["NAME", "FLOW", "LABELS", "DUE", "WHY", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let due = self.state_start_time.unwrap_or(self.scheduled_start_time);
        vec![
            text(or_dash(self.name.as_deref())),
            text(or_dash(self.flow.as_ref().map(|flow| flow.name.as_str()))),
            text(labels(&self.labels)),
            text(time::relative(screen.now, due)),
            text(or_dash(self.explanation.as_ref().map(Explanation::sentence))),
            text(self.id.to_string()),
        ]
    }
}

/// Lists runs that were due so many seconds ago, at most so many, and explains each.
pub(super) async fn run(
    mut condition: Value,
    (seconds, limit): (u32, u32),
    session: &Session,
) -> Result<(), Failure> {
    let latest = session.screen.now - Duration::seconds(i64::from(seconds));
    condition["state"] = json!({"_in": WAITING});
    condition["scheduled_start_time"] = json!({"_lt": latest});
    // A run that was put off is late by its new time, and one that an agent has has none.
    condition["_or"] =
        json!([{"state_start_time": {"_lt": latest}}, {"state_start_time": {"_is_null": true}}]);
    let variables = json!({"where": condition, "limit": limit});
    let mut late = session.ask::<Answer>(LATE_FLOW_RUNS, variables).await?.flow_run;
    for run in &mut late {
        let explanation = explanation::of(session, run.id).await;
        run.explanation = Some(explanation.map_err(|error| explain(&error))?);
    }
    session.screen.list(&late, "No flow runs are late.")
}

//! Why a run waits, as the server explains it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use signalbox_client::ClientError;
use uuid::Uuid;

use super::Session;
use crate::output::text::printable;

/// The explanation of one run.
pub(crate) const EXPLAIN: &str = "query ($run: UUID!) {
  flow_run_explain(flow_run_id: $run) {
    condition sentence since until ahead command
    labels_missing { agent_id agent_name labels }
    agents_matching { agent_id agent_name online last_queried runs }
    limits { name limit taken holders { flow_run_id flow_run_name since } }
  }
}";

/// What holds a run.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Explanation {
    /// What it is, as one word.
    pub(crate) condition: String,
    /// The same for people.
    pub(crate) sentence: String,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    ahead: u64,
    command: Option<String>,
    labels_missing: Vec<LabelsMissing>,
    agents_matching: Vec<AgentMatching>,
    limits: Vec<LimitFull>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct LabelsMissing {
    agent_id: Uuid,
    agent_name: String,
    labels: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct AgentMatching {
    agent_id: Uuid,
    agent_name: String,
    online: bool,
    last_queried: Option<DateTime<Utc>>,
    runs: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct LimitFull {
    name: String,
    limit: i64,
    taken: i64,
    holders: Vec<Holder>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Holder {
    flow_run_id: Uuid,
    flow_run_name: String,
    since: DateTime<Utc>,
}

impl Explanation {
    /// Whether the run neither runs undisturbed nor has ended: then people want to know why.
    pub(crate) fn is_of_interest(&self) -> bool {
        !matches!(self.condition.as_str(), "running" | "ended")
    }

    /// The sentence, as it can be shown.
    pub(crate) fn sentence(&self) -> String {
        printable(&self.sentence)
    }

    /// The command that would help, as it can be shown.
    pub(crate) fn command(&self) -> Option<String> {
        self.command.as_deref().map(printable)
    }
}

/// Asks why a run waits.
pub(crate) async fn of(session: &Session, run: Uuid) -> Result<Explanation, ClientError> {
    #[derive(Deserialize)]
    struct Answer {
        flow_run_explain: Explanation,
    }
    let answer: Answer = session.try_ask(EXPLAIN, json!({"run": run})).await?;
    Ok(answer.flow_run_explain)
}

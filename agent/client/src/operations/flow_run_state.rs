//! Reads how a run stands, once its process has ended.

use serde::{Deserialize, Serialize};
use signalbox_schema::{FlowRunId, StateType};

use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str = include_str!("../../../../schema/operations/agent/flow_run_state.graphql");

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRunState {
    /// Its current state; `None` when it has none or one this version does not know.
    pub state: Option<StateType>,
    /// Version of that state.
    pub version: i64,
    /// Whether a task run waits for a time (a long retry, a pause, a queue).
    pub has_waiting_task_run: bool,
}

#[derive(Serialize)]
struct Variables {
    flow_run_id: FlowRunId,
}

#[derive(Deserialize)]
struct Answer {
    flow_run: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    state: Option<String>,
    version: Option<i64>,
    task_runs: Vec<serde::de::IgnoredAny>,
}

/// Reads the run; `None` when it does not exist (any more).
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn flow_run_state(
    client: &Client,
    flow_run_id: FlowRunId,
) -> Result<Option<FlowRunState>, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, Variables { flow_run_id }).await?;
    Ok(answer.flow_run.into_iter().next().map(|row| FlowRunState {
        state: row.state.as_deref().and_then(StateType::parse),
        version: row.version.unwrap_or(0),
        has_waiting_task_run: !row.task_runs.is_empty(),
    }))
}

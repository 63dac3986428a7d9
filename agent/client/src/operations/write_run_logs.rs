//! Appends log lines to runs.

use serde::{Deserialize, Serialize};
use signalbox_schema::{FlowRunId, LeaseToken};

use super::{Input, Success};
use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str = include_str!("../../../../schema/operations/agent/write_run_logs.graphql");

/// One line of a run's log.
#[derive(Debug, Clone, Serialize)]
pub struct LogLine {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// The agent's lease on it: the line is dropped when another agent has the run by now.
    pub lease_token: LeaseToken,
    /// When it was said, ISO 8601 with offset.
    pub timestamp: String,
    /// Who said it; the agent uses its own name.
    pub name: String,
    /// Python's level names: `INFO`, `ERROR`, …
    pub level: &'static str,
    /// What was said.
    pub message: String,
}

#[derive(Serialize)]
struct Logs<'a> {
    logs: &'a [LogLine],
}

#[derive(Deserialize)]
struct Answer {
    write_run_logs: Success,
}

/// Writes the lines; answers whether the server took them.
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn write_run_logs(client: &Client, lines: &[LogLine]) -> Result<bool, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, Input { input: Logs { logs: lines } }).await?;
    Ok(answer.write_run_logs.success)
}

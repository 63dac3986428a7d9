//! Mutations of logs.

use crate::graphql::{context::RequestContext, payload::SuccessPayload, scalar::Timestamp};
use async_graphql::{Context, InputObject, Json, Object, Result};
use serde_json::Value;
use signalbox_schema::{FlowRunId, LeaseToken, TaskRunId};
use signalbox_services::logs::{self, LogLine};
use uuid::Uuid;

/// A log line.
#[derive(Debug, InputObject)]
#[graphql(name = "write_run_log_input", rename_fields = "snake_case")]
struct WriteRunLogInput {
    /// The run it belongs to. A line without a run, or of an unknown one, is dropped.
    flow_run_id: Option<Uuid>,
    /// The task run it belongs to.
    task_run_id: Option<Uuid>,
    /// The lease of the agent that writes it: the line is dropped when another agent has the run.
    lease_token: Option<Uuid>,
    /// When it was written; when it came, if absent.
    timestamp: Option<Timestamp>,
    /// The logger.
    name: Option<String>,
    /// The level, free text.
    level: Option<String>,
    /// The text.
    message: Option<String>,
    /// Whatever else there is to say.
    info: Option<Json<Value>>,
}

/// Log lines.
#[derive(Debug, InputObject)]
#[graphql(name = "write_run_logs_input", rename_fields = "snake_case")]
struct WriteRunLogsInput {
    /// The lines.
    logs: Vec<WriteRunLogInput>,
}

/// Mutations of logs.
#[derive(Debug, Default)]
pub struct LogMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl LogMutation {
    /// Keeps log lines. A line that is delivered twice is kept once.
    async fn write_run_logs(&self, ctx: &Context<'_>, input: WriteRunLogsInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let lines = input.logs.into_iter().filter_map(read).collect();
        logs::append(ctx.services()?, &access, lines).await?;
        // The client sends again, for ever, what is not answered with success.
        Ok(true.into())
    }
}

fn read(line: WriteRunLogInput) -> Option<LogLine> {
    Some(LogLine {
        flow_run: FlowRunId(line.flow_run_id?),
        task_run: line.task_run_id.map(TaskRunId),
        lease: line.lease_token.map(LeaseToken),
        timestamp: line.timestamp.map(|time| time.0),
        name: line.name,
        level: line.level,
        message: line.message,
        info: line.info.map(|json| json.0).filter(|info| !info.is_null()),
    })
}

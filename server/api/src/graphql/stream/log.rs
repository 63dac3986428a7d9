//! A log line of a stream.

use crate::graphql::scalar::Timestamp;
use async_graphql::{Json, SimpleObject};
use serde_json::Value;
use signalbox_core::cursor::Cursor;
use signalbox_services::streams::LogLine;
use uuid::Uuid;

/// A log line, and where it is in its stream.
#[derive(Debug, SimpleObject)]
#[graphql(name = "log_stream_item", rename_fields = "snake_case")]
pub(super) struct LogItem {
    /// Goes on behind this line when given as `after`.
    cursor: String,
    /// Its id.
    id: Uuid,
    /// The task run that wrote it.
    task_run_id: Option<Uuid>,
    /// When it was written.
    timestamp: Timestamp,
    /// Name of the logger.
    name: Option<String>,
    /// Level; any text.
    level: Option<String>,
    /// The line.
    message: Option<String>,
    /// Further fields of the record.
    info: Option<Json<Value>>,
}

impl From<(Cursor, LogLine)> for LogItem {
    fn from((cursor, line): (Cursor, LogLine)) -> Self {
        Self {
            cursor: cursor.to_string(),
            id: line.id.0,
            task_run_id: line.task_run.map(Uuid::from),
            timestamp: Timestamp(line.timestamp),
            name: line.name,
            level: line.level,
            message: line.message,
            info: line.info.map(Json),
        }
    }
}

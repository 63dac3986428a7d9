//! Keeps lines.

use crate::{
    StorageError, TenantTx,
    entity::log,
    repo::{
        insert,
        position::{self, Counter},
    },
};
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, LogId, TaskRunId};
use uuid::Uuid;

/// A line to keep.
#[derive(Debug, Clone)]
pub struct NewLog {
    /// Its id, made of its content: a line that is delivered twice is kept once.
    pub id: LogId,
    /// The run it belongs to.
    pub flow_run: FlowRunId,
    /// The task run it belongs to.
    pub task_run: Option<TaskRunId>,
    /// When it was written.
    pub timestamp: DateTime<Utc>,
    /// The logger.
    pub name: Option<String>,
    /// The level, free text.
    pub level: Option<String>,
    /// The text.
    pub message: Option<String>,
    /// Whatever else the sender says.
    pub info: Option<Json>,
}

/// Keeps lines; those kept before are left as they are. Yields how many were new.
pub async fn append(tx: &TenantTx, lines: Vec<NewLog>, now: DateTime<Utc>) -> Result<u64, StorageError> {
    let tenant = tx.tenant().0;
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(0);
    }
    // Lines that are kept already leave a hole, which nothing fills later.
    let first = position::take(tx, Counter::Lines, count).await?;
    let rows = lines
        .into_iter()
        .zip(first..)
        .map(|(line, position)| log::ActiveModel {
            id: Set(line.id.0),
            created: Set(now),
            updated: Set(now),
            tenant_id: Set(tenant),
            flow_run_id: Set(line.flow_run.0),
            task_run_id: Set(line.task_run.map(Uuid::from)),
            timestamp: Set(line.timestamp),
            name: Set(line.name),
            level: Set(line.level),
            message: Set(line.message),
            info: Set(line.info),
            position: Set(position),
            is_loaded_from_archive: Set(false),
        })
        .collect();
    insert::new_rows(tx, rows).await
}

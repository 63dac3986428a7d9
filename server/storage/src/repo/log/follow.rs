//! Reading lines in the order in which they arrived.

use crate::{
    StorageError, TenantTx,
    repo::position::{self, Counter},
};
use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, LogId, TaskRunId};
use uuid::Uuid;

/// A line that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// Its id.
    pub id: LogId,
    /// Its place in the order of arrival.
    pub position: i64,
    /// The task run it belongs to.
    pub task_run: Option<TaskRunId>,
    /// When it was written.
    pub timestamp: DateTime<Utc>,
    /// The logger.
    pub name: Option<String>,
    /// The level.
    pub level: Option<String>,
    /// The text.
    pub message: Option<String>,
    /// Further fields.
    pub info: Option<Json>,
}

/// The lines of a run behind a position, in order; at most `limit`.
pub async fn after(
    tx: &TenantTx,
    run: FlowRunId,
    position: i64,
    limit: u32,
) -> Result<Vec<LogLine>, StorageError> {
    let values = vec![tx.tenant_uuid().into(), run.0.into(), position.into(), i64::from(limit).into()];
    let rows = tx
        .query(
            "SELECT id, position, task_run_id, timestamp, name, level, message, info FROM log
              WHERE tenant_id = $1 AND flow_run_id = $2 AND position > $3 ORDER BY position LIMIT $4",
            values,
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LogLine {
                id: LogId(row.try_get_by_index(0)?),
                position: row.try_get_by_index(1)?,
                task_run: row.try_get_by_index::<Option<Uuid>>(2)?.map(TaskRunId),
                timestamp: row.try_get_by_index(3)?,
                name: row.try_get_by_index(4)?,
                level: row.try_get_by_index(5)?,
                message: row.try_get_by_index(6)?,
                info: row.try_get_by_index(7)?,
            })
        })
        .collect()
}

/// The place of the line of the tenant that arrived last; 0 when there was none.
pub async fn last_position(tx: &TenantTx) -> Result<i64, StorageError> {
    position::last(tx, Counter::Lines).await
}

//! Log lines.

use crate::{
    StorageError, TenantTx,
    entity::log,
    repo::{insert, list},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, LogId, TaskRunId};
use std::collections::HashSet;
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

/// Which of these runs exist in the tenant.
pub async fn known_runs(
    tx: &TenantTx,
    runs: impl IntoIterator<Item = FlowRunId>,
) -> Result<HashSet<FlowRunId>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.into_iter().map(Uuid::from));
    let sql = format!("SELECT id FROM flow_run WHERE tenant_id = $1 AND id IN ({runs})");
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| Ok(FlowRunId(row.try_get_by_index(0)?))).collect()
}

/// Which of these lines are kept already.
pub async fn known_lines(
    tx: &TenantTx,
    ids: impl IntoIterator<Item = LogId>,
) -> Result<HashSet<LogId>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.into_iter().map(Uuid::from));
    let rows = tx.query(format!("SELECT id FROM log WHERE tenant_id = $1 AND id IN ({ids})"), values).await?;
    rows.iter().map(|row| Ok(LogId(row.try_get_by_index(0)?))).collect()
}

/// Keeps lines; those kept before are left as they are. Yields how many were new.
pub async fn append(tx: &TenantTx, lines: Vec<NewLog>, now: DateTime<Utc>) -> Result<u64, StorageError> {
    let tenant = tx.tenant().0;
    let rows = lines
        .into_iter()
        .map(|line| log::ActiveModel {
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
            is_loaded_from_archive: Set(false),
        })
        .collect();
    insert::new_rows(tx, rows).await
}

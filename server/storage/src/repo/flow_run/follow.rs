//! The states of a run, in the order in which it had them.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use serde_json::Value as Json;
use signalbox_schema::FlowRunId;
use uuid::Uuid;

/// A state that a flow run or a task run has had.
#[derive(Debug, Clone, PartialEq)]
pub struct PastState {
    /// Its own id.
    pub id: Uuid,
    /// The run.
    pub run: Uuid,
    /// Its number within the run.
    pub version: i64,
    /// When it was set.
    pub timestamp: DateTime<Utc>,
    /// Its type.
    pub state: String,
    /// Its message.
    pub message: Option<String>,
    /// When a scheduled state is due.
    pub start_time: Option<DateTime<Utc>>,
    /// Its result: where it lies, not what it is.
    pub result: Option<Json>,
    /// The state as it was sent.
    pub serialized_state: Json,
}

impl PastState {
    /// Columns after the run's id, in the order in which a row is read.
    pub(crate) const COLUMNS: &'static str =
        "id, version, timestamp, state, message, start_time, result, serialized_state";

    /// Reads a row of the run's id and [`Self::COLUMNS`].
    pub(crate) fn read(row: &QueryResult) -> Result<Self, StorageError> {
        Ok(Self {
            run: row.try_get_by_index(0)?,
            id: row.try_get_by_index(1)?,
            version: row.try_get_by_index(2)?,
            timestamp: row.try_get_by_index(3)?,
            state: row.try_get_by_index(4)?,
            message: row.try_get_by_index(5)?,
            start_time: row.try_get_by_index(6)?,
            result: row.try_get_by_index(7)?,
            serialized_state: row.try_get_by_index(8)?,
        })
    }
}

/// The states of a run behind one of them, in order; at most `limit`.
pub async fn states_after(
    tx: &TenantTx,
    run: FlowRunId,
    version: i64,
    limit: u32,
) -> Result<Vec<PastState>, StorageError> {
    let columns = PastState::COLUMNS;
    let sql = format!(
        "SELECT flow_run_id, {columns} FROM flow_run_state
          WHERE tenant_id = $1 AND flow_run_id = $2 AND version > $3 ORDER BY version LIMIT $4"
    );
    let values = vec![tx.tenant().0.into(), run.0.into(), version.into(), i64::from(limit).into()];
    tx.query(sql, values).await?.iter().map(PastState::read).collect()
}

/// How many states a run has had; `None` when there is no such run.
pub async fn version(tx: &TenantTx, run: FlowRunId) -> Result<Option<i64>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let rows = tx.query("SELECT version FROM flow_run WHERE tenant_id = $1 AND id = $2", values).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

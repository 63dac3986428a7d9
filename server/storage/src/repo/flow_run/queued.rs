//! Runs whose process waits for a free slot.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, State};

/// The version of a run, and its state as it is stored.
pub async fn stored_state(tx: &TenantTx, id: FlowRunId) -> Result<Option<(i64, Json)>, StorageError> {
    let sql = "SELECT version, serialized_state FROM flow_run WHERE tenant_id = $1 AND id = $2";
    let rows = tx.query(sql, vec![tx.tenant().0.into(), id.0.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state: Option<Json> = row.try_get_by_index(1)?;
    Ok(Some((row.try_get_by_index(0)?, state.unwrap_or_default())))
}

/// Notes that the process of a `Queued` run has asked again: the run stays its until the state's start. No new state,
/// or a long wait would fill the history.
pub async fn stay_queued(
    tx: &TenantTx,
    id: FlowRunId,
    state: &State,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let values: Vec<Value> = vec![
        tx.tenant().0.into(),
        id.0.into(),
        state.start_time().into(),
        state.to_value().into(),
        now.into(),
    ];
    tx.execute(
        "UPDATE flow_run SET state_start_time = $3, serialized_state = $4, heartbeat = $5, updated = $5
          WHERE tenant_id = $1 AND id = $2 AND state = 'Queued'",
        values,
    )
    .await?;
    Ok(())
}

//! What pausing, resuming and restarting a flow run look at.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use signalbox_schema::{FlowId, FlowRunId, TaskId};

/// How a flow run stands, beyond its state.
#[derive(Debug)]
pub struct Standing {
    /// Its flow.
    pub flow: FlowId,
    /// When its present state was to start, if it waits.
    pub state_start_time: Option<DateTime<Utc>>,
    /// Its present state.
    pub serialized_state: Option<Json>,
    /// When its process was last heard of.
    pub heartbeat: Option<DateTime<Utc>>,
    /// Whether it was `Scheduled`, `Resume` or `Running` since it was paused last.
    pub was_resumed: bool,
}

/// How a flow run stands; `None` when there is none.
pub async fn standing(tx: &TenantTx, run: FlowRunId) -> Result<Option<Standing>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let sql = "SELECT flow_id, state_start_time, serialized_state, heartbeat FROM flow_run
                WHERE tenant_id = $1 AND id = $2";
    let rows = tx.query(sql, values.clone()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let sql = "SELECT count(*) FROM flow_run_state
                WHERE tenant_id = $1 AND flow_run_id = $2 AND state IN ('Scheduled', 'Resume', 'Running')
                  AND version > (SELECT max(version) FROM flow_run_state
                                  WHERE tenant_id = $1 AND flow_run_id = $2 AND state = 'Paused')";
    let later = tx.query(sql, values).await?;
    let later: i64 = later.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(Some(Standing {
        flow: FlowId(row.try_get_by_index(0)?),
        state_start_time: row.try_get_by_index(1)?,
        serialized_state: row.try_get_by_index(2)?,
        heartbeat: row.try_get_by_index(3)?,
        was_resumed: later > 0,
    }))
}

/// Version and fingerprint of the last `Scheduled` state of a flow run: by the fingerprint of a restart, it is one.
pub async fn last_scheduled(
    tx: &TenantTx,
    run: FlowRunId,
) -> Result<Option<(i64, Option<i64>)>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let sql = "SELECT version, fingerprint FROM flow_run_state
                WHERE tenant_id = $1 AND flow_run_id = $2 AND state = 'Scheduled' ORDER BY version DESC LIMIT 1";
    let rows = tx.query(sql, values).await?;
    rows.first().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}

/// The slugs of a flow's tasks.
pub async fn task_slugs(tx: &TenantTx, flow: FlowId) -> Result<Vec<(String, TaskId)>, StorageError> {
    let values = vec![tx.tenant().0.into(), flow.0.into()];
    let rows = tx.query("SELECT slug, id FROM task WHERE tenant_id = $1 AND flow_id = $2", values).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, TaskId(row.try_get_by_index(1)?)))).collect()
}

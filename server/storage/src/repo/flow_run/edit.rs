//! What people change about a flow run besides its state. Rows that have the value already are left alone.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::{Value as Json, json};
use signalbox_core::event::{EventKind, NewEvent};
use signalbox_schema::{FlowId, FlowRunId, LabelSet};

/// Whether there is such a run.
pub async fn exists(tx: &TenantTx, id: FlowRunId) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into()];
    Ok(!tx.query("SELECT 1 FROM flow_run WHERE tenant_id = $1 AND id = $2", values).await?.is_empty())
}

/// Names a run; whether it had another name.
pub async fn set_name(
    tx: &TenantTx,
    id: FlowRunId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), id.0.into(), name.into(), now.into()];
    let changed = tx
        .execute(
            "UPDATE flow_run SET name = $3, updated = $4
              WHERE tenant_id = $1 AND id = $2 AND name IS DISTINCT FROM $3",
            values,
        )
        .await?;
    Ok(changed > 0)
}

/// Gives a run labels; whether it had others.
pub async fn set_labels(
    tx: &TenantTx,
    id: FlowRunId,
    labels: &LabelSet,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values: Vec<Value> = vec![
        tx.tenant().0.into(),
        id.0.into(),
        Json::from(labels.as_slice()).into(),
        labels.key().into(),
        now.into(),
    ];
    let changed = tx
        .execute(
            "UPDATE flow_run SET labels = $3, labels_key = $4, updated = $5
              WHERE tenant_id = $1 AND id = $2 AND labels_key <> $4",
            values,
        )
        .await?;
    Ok(changed > 0)
}

/// Gives a run a priority; whether it had another.
pub async fn set_priority(
    tx: &TenantTx,
    id: FlowRunId,
    priority: i64,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), id.0.into(), priority.into(), now.into()];
    let changed = tx
        .execute(
            "UPDATE flow_run SET priority = $3, updated = $4
              WHERE tenant_id = $1 AND id = $2 AND priority <> $3",
            values,
        )
        .await?;
    Ok(changed > 0)
}

/// Removes a run with its task runs, states and logs; whether there was one.
pub async fn delete(tx: &TenantTx, id: FlowRunId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into()];
    let sql = "DELETE FROM flow_run WHERE tenant_id = $1 AND id = $2 RETURNING id, flow_id, name";
    Ok(record_deleted(tx, &tx.query(sql, values).await?, now)? > 0)
}

/// Removes the waiting runs that a flow's schedule made, and forgets how far it was planned: the schedule ends here.
/// How many runs.
pub async fn delete_auto_scheduled(
    tx: &TenantTx,
    flow: FlowId,
    now: DateTime<Utc>,
) -> Result<usize, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), flow.0.into(), true.into()];
    let sql = "DELETE FROM flow_run
                WHERE tenant_id = $1 AND flow_id = $2 AND auto_scheduled = $3 AND state = 'Scheduled'
                RETURNING id, flow_id, name";
    let forget = "UPDATE flow SET planned_until = NULL
                   WHERE tenant_id = $1 AND id = $2 AND planned_until IS NOT NULL";
    tx.execute(forget, vec![tx.tenant().0.into(), flow.0.into()]).await?;
    record_deleted(tx, &tx.query(sql, values).await?, now)
}

/// Removes those of them whose slot lies after `now` and that were never touched: they are planned again, with what the
/// flow group gives to its runs by then. How many. (One that only waits for its jitter would not be planned again.)
pub async fn delete_planned(tx: &TenantTx, flow: FlowId, now: DateTime<Utc>) -> Result<usize, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), flow.0.into(), true.into(), now.into()];
    let sql = "DELETE FROM flow_run
                WHERE tenant_id = $1 AND flow_id = $2 AND auto_scheduled = $3 AND state = 'Scheduled'
                  AND version = 1 AND coalesce(slot_time, scheduled_start_time) > $4
                RETURNING id, flow_id, name";
    record_deleted(tx, &tx.query(sql, values).await?, now)
}

/// Records that runs were deleted: rows of id, flow and name.
fn record_deleted(tx: &TenantTx, rows: &[QueryResult], now: DateTime<Utc>) -> Result<usize, StorageError> {
    for row in rows {
        let name: Option<String> = row.try_get_by_index(2)?;
        let event = NewEvent::new(EventKind::FlowRunDeleted, now)
            .flow_run(FlowRunId(row.try_get_by_index(0)?))
            .flow(FlowId(row.try_get_by_index(1)?))
            .payload(json!({ "name": name }));
        tx.record(event);
    }
    Ok(rows.len())
}

//! What people change about a flow run besides its state. Rows that have the value already are left alone.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, LabelSet};

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

/// Removes a run with its task runs, states and logs; whether there was one.
pub async fn delete(tx: &TenantTx, id: FlowRunId) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into()];
    Ok(tx.execute("DELETE FROM flow_run WHERE tenant_id = $1 AND id = $2", values).await? > 0)
}

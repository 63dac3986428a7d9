//! What a task run is called.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::TaskRunId;

/// Whether there is such a task run.
pub async fn exists(tx: &TenantTx, id: TaskRunId) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into()];
    Ok(!tx.query("SELECT 1 FROM task_run WHERE tenant_id = $1 AND id = $2", values).await?.is_empty())
}

/// Names a task run; whether it had another name.
pub async fn set_name(
    tx: &TenantTx,
    id: TaskRunId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), id.0.into(), name.into(), now.into()];
    let changed = tx
        .execute(
            "UPDATE task_run SET name = $3, updated = $4
              WHERE tenant_id = $1 AND id = $2 AND name IS DISTINCT FROM $3",
            values,
        )
        .await?;
    Ok(changed > 0)
}

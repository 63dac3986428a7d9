//! Signs of life.

use crate::{
    StorageError, TenantTx,
    repo::{list, lock},
};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::FlowRunId;
use std::collections::HashSet;
use uuid::Uuid;

/// Notes that these runs live; yields those that exist.
pub async fn touch(
    tx: &TenantTx,
    runs: impl IntoIterator<Item = FlowRunId>,
    now: DateTime<Utc>,
) -> Result<HashSet<FlowRunId>, StorageError> {
    let runs: Vec<FlowRunId> = runs.into_iter().collect();
    lock::in_order(tx, &runs).await?;
    let mut values = vec![Value::from(tx.tenant().0), now.into()];
    let runs = list::ids(&mut values, runs.into_iter().map(Uuid::from));
    let rows = tx
        .query(
            format!(
                "UPDATE flow_run SET heartbeat = $2 WHERE tenant_id = $1 AND id IN ({runs}) RETURNING id"
            ),
            values,
        )
        .await?;
    rows.iter().map(|row| Ok(FlowRunId(row.try_get_by_index(0)?))).collect()
}

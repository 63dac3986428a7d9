//! What is there already.

use crate::{StorageError, TenantTx, repo::list};
use sea_orm::Value;
use signalbox_schema::{FlowRunId, LeaseToken, LogId};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Which of these runs exist in the tenant, with the lease on each.
pub async fn known_runs(
    tx: &TenantTx,
    runs: impl IntoIterator<Item = FlowRunId>,
) -> Result<HashMap<FlowRunId, Option<LeaseToken>>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.into_iter().map(Uuid::from));
    let sql = format!("SELECT id, lease_token FROM flow_run WHERE tenant_id = $1 AND id IN ({runs})");
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let lease: Option<Uuid> = row.try_get_by_index(1)?;
            Ok((FlowRunId(row.try_get_by_index(0)?), lease.map(LeaseToken)))
        })
        .collect()
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

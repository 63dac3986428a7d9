//! Places in a tenant's order of commits. Whoever takes places holds a lock until its commit: a reader that has seen a
//! place will never find a new row before it. So take them as late as possible.

use crate::{StorageError, TenantTx};
use sea_orm::Value;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    /// The log of events.
    Events,
    /// Log lines. A counter of its own: lines come in thousands, and changes of states do not wait for them.
    Lines,
}

/// The first of `count` new places of the tenant.
pub(super) async fn take(tx: &TenantTx, counter: Counter, count: i64) -> Result<i64, StorageError> {
    let (table, sql) = match counter {
        Counter::Events => (
            "event_position",
            "INSERT INTO event_position (tenant_id, position) VALUES ($1, $2)
             ON CONFLICT (tenant_id) DO UPDATE SET position = event_position.position + excluded.position
             RETURNING position",
        ),
        Counter::Lines => (
            "log_position",
            "INSERT INTO log_position (tenant_id, position) VALUES ($1, $2)
             ON CONFLICT (tenant_id) DO UPDATE SET position = log_position.position + excluded.position
             RETURNING position",
        ),
    };
    let rows = tx.query(sql, vec![tx.tenant_uuid().into(), count.into()]).await?;
    let row = rows.first().ok_or_else(|| StorageError::Inconsistent {
        table,
        problem: "a row that was just written is missing".into(),
    })?;
    Ok(row.try_get_by_index::<i64>(0)? - count + 1)
}

/// The last place that was taken; 0 when none was.
pub(super) async fn last(tx: &TenantTx, counter: Counter) -> Result<i64, StorageError> {
    let sql = match counter {
        Counter::Events => "SELECT position FROM event_position WHERE tenant_id = $1",
        Counter::Lines => "SELECT position FROM log_position WHERE tenant_id = $1",
    };
    let values: Vec<Value> = vec![tx.tenant_uuid().into()];
    let rows = tx.query(sql, values).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

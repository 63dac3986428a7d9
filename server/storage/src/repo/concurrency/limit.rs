//! The limits themselves.

use super::{About, slot::take};
use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::{Value as Json, json};
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
};
use uuid::Uuid;

/// The id of the limit of a label or tag, and its number of slots.
pub async fn find(tx: &TenantTx, about: About, name: &str) -> Result<Option<(Uuid, i64)>, StorageError> {
    let sql =
        format!("SELECT id, \"limit\" FROM {} WHERE tenant_id = $1 AND {} = $2", about.table(), about.name());
    let rows = tx.query(sql, vec![tx.tenant().0.into(), name.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
}

/// Adds a limit.
pub async fn insert(
    tx: &TenantTx,
    about: About,
    id: Uuid,
    (name, slots): (&str, i64),
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let sql = format!(
        "INSERT INTO {} (id, created, updated, tenant_id, {}, \"limit\") VALUES ($1, $2, $2, $3, $4, $5)",
        about.table(),
        about.name()
    );
    let values: Vec<Value> = vec![id.into(), now.into(), tx.tenant().0.into(), name.into(), slots.into()];
    tx.query(sql, values).await?;
    tx.record(event(EventKind::ConcurrencyLimitSet, about, (id, name), Some(slots), now));
    Ok(())
}

fn event(
    kind: EventKind,
    about: About,
    (id, name): (Uuid, &str),
    slots: Option<i64>,
    now: DateTime<Utc>,
) -> NewEvent {
    let mut payload = json!({"limit_id": id, about.what(): name});
    if let Some(slots) = slots {
        payload["limit"] = slots.into();
    }
    NewEvent::new(kind, now).payload(payload)
}

/// Changes the number of slots of a limit.
pub async fn set_slots(
    tx: &TenantTx,
    about: About,
    (id, name): (Uuid, &str),
    slots: i64,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let sql =
        format!("UPDATE {} SET \"limit\" = $3, updated = $4 WHERE tenant_id = $1 AND id = $2", about.table());
    tx.query(sql, vec![tx.tenant().0.into(), id.into(), slots.into(), now.into()]).await?;
    tx.record(event(EventKind::ConcurrencyLimitSet, about, (id, name), Some(slots), now));
    Ok(())
}

/// Removes a limit, and its slots with it; whether there was one.
pub async fn delete(tx: &TenantTx, about: About, id: Uuid, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let (table, name) = (about.table(), about.name());
    let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND id = $2 RETURNING {name}");
    let rows = tx.query(sql, vec![tx.tenant().0.into(), id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let name: String = row.try_get_by_index(0)?;
    tx.record(event(EventKind::ConcurrencyLimitDeleted, about, (id, &name), None, now));
    Ok(true)
}

/// Gives a new limit's slots to the runs that are under way already, however many there are.
pub async fn occupy(
    tx: &TenantTx,
    about: About,
    limit: (Uuid, &str),
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let (id, name) = limit;
    let sql = match about {
        About::Label => {
            "SELECT id, labels FROM flow_run
              WHERE tenant_id = $1 AND state IN ('Submitted', 'Running', 'Cancelling')"
        }
        About::Tag => {
            "SELECT t.id, k.tags FROM flow_run r JOIN task_run t ON t.flow_run_id = r.id JOIN task k ON k.id = t.task_id
              WHERE r.tenant_id = $1 AND r.state IN ('Running', 'Cancelling') AND t.state = 'Running'"
        }
    };
    for row in tx.query(sql, vec![tx.tenant().0.into()]).await? {
        let names: Json = row.try_get_by_index(1)?;
        if super::slot::texts(&names).any(|held| held == name) {
            take(tx, about, (row.try_get_by_index(0)?, id), ids, now).await?;
        }
    }
    Ok(())
}

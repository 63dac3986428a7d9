//! Registers agents and forgets them.

use crate::{StorageError, TenantTx, entity::agent};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde_json::json;
use signalbox_core::event::{EventKind, NewEvent};
use signalbox_schema::{AgentId, LabelSet};
use uuid::Uuid;

/// An agent to add.
#[derive(Debug)]
pub struct NewAgent {
    /// Its id, unless an agent of the same identity is there.
    pub id: AgentId,
    /// What people call it.
    pub name: String,
    /// Its kind, e.g. `LocalAgent`.
    pub kind: String,
    /// The version of its library.
    pub core_version: Option<String>,
    /// Its labels.
    pub labels: LabelSet,
    /// The settings it fetches.
    pub config: Option<Uuid>,
    /// The text by which a repeated registration is known; unique in the tenant.
    pub identity: String,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Adds an agent, or finds the one of the same identity; its id.
pub async fn register(tx: &TenantTx, new: &NewAgent) -> Result<AgentId, StorageError> {
    let row = agent::ActiveModel {
        id: Set(new.id.0),
        created: Set(new.now),
        updated: Set(new.now),
        tenant_id: Set(tx.tenant_uuid()),
        agent_config_id: Set(new.config),
        name: Set(Some(new.name.clone())),
        kind: Set(new.kind.clone()),
        core_version: Set(new.core_version.clone()),
        labels: Set(new.labels.as_slice().into()),
        last_queried: Set(None),
        identity: Set(new.identity.clone()),
    };
    let conflict =
        OnConflict::columns([agent::Column::TenantId, agent::Column::Identity]).do_nothing().to_owned();
    agent::Entity::insert(row).on_conflict(conflict).exec_without_returning(tx).await?;
    let found = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(agent::Column::Identity.eq(new.identity.as_str()))
        .one(tx)
        .await?
        .ok_or_else(|| StorageError::Inconsistent {
            table: "agent",
            problem: "a row that was just inserted is missing".into(),
        })?;
    if found.id == new.id.0 {
        let payload = json!({ "name": new.name, "type": new.kind });
        tx.record(NewEvent::new(EventKind::AgentRegistered, new.now).agent(Some(new.id)).payload(payload));
    }
    if new.config.is_some() && found.agent_config_id != new.config {
        agent::Entity::update_many()
            .set(agent::ActiveModel {
                agent_config_id: Set(new.config),
                updated: Set(new.now),
                ..Default::default()
            })
            .filter(agent::Column::Id.eq(found.id))
            .filter(agent::Column::TenantId.eq(tx.tenant_uuid()))
            .exec(tx)
            .await?;
    }
    Ok(AgentId(found.id))
}

/// Removes an agent; its runs stay. Whether there was one.
pub async fn delete(tx: &TenantTx, id: AgentId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let deleted = tx
        .query(
            "DELETE FROM agent WHERE tenant_id = $1 AND id = $2 RETURNING name, type",
            vec![tx.tenant_uuid().into(), id.0.into()],
        )
        .await?;
    let Some(row) = deleted.first() else { return Ok(false) };
    let (name, kind): (Option<String>, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let event = NewEvent::new(EventKind::AgentDeleted, now).agent(Some(id));
    tx.record(event.payload(json!({ "name": name, "type": kind })));
    Ok(true)
}

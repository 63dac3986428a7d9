//! Settings that agents fetch by id.

use crate::{StorageError, TenantTx, dialect, entity::agent_config, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

/// Settings of agents.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfig {
    /// What people call them.
    pub name: Option<String>,
    /// The settings (an object).
    pub settings: Value,
}

/// Adds settings under an id.
pub async fn insert(
    tx: &TenantTx,
    id: Uuid,
    config: &AgentConfig,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = agent_config::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant_uuid()),
        name: Set(config.name.clone()),
        settings: Set(config.settings.clone()),
    };
    agent_config::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The id under which the very same settings are kept already, if they are.
pub async fn find_same(tx: &TenantTx, config: &AgentConfig) -> Result<Option<Uuid>, StorageError> {
    // Two requests at once must not both find nothing.
    lock::tenant(tx).await?;
    let named = match &config.name {
        Some(name) => agent_config::Column::Name.eq(name),
        None => agent_config::Column::Name.is_null(),
    };
    let rows = agent_config::Entity::find()
        .filter(agent_config::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(named)
        .all(tx)
        .await?;
    let settings = dialect::storable_json(&config.settings);
    Ok(rows.into_iter().find(|row| row.settings == *settings).map(|row| row.id))
}

/// The settings with this id.
pub async fn find(tx: &TenantTx, id: Uuid) -> Result<Option<AgentConfig>, StorageError> {
    let select =
        agent_config::Entity::find_by_id(id).filter(agent_config::Column::TenantId.eq(tx.tenant_uuid()));
    let row = lock::held(tx, select).one(tx).await?;
    Ok(row.map(|row| AgentConfig { name: row.name, settings: row.settings }))
}

/// Writes changed settings.
pub async fn save(
    tx: &TenantTx,
    id: Uuid,
    config: &AgentConfig,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = agent_config::ActiveModel {
        name: Set(config.name.clone()),
        settings: Set(config.settings.clone()),
        updated: Set(now),
        ..Default::default()
    };
    agent_config::Entity::update_many()
        .set(row)
        .filter(agent_config::Column::Id.eq(id))
        .filter(agent_config::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Removes settings; whether there were any.
pub async fn delete(tx: &TenantTx, id: Uuid) -> Result<bool, StorageError> {
    let result = agent_config::Entity::delete_many()
        .filter(agent_config::Column::Id.eq(id))
        .filter(agent_config::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

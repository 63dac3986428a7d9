//! Values that flows share by name.

use crate::{StorageError, TenantTx, entity::key_value, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

/// The id and value under a key.
pub async fn find(tx: &TenantTx, key: &str) -> Result<Option<(Uuid, Option<Value>)>, StorageError> {
    let select = key_value::Entity::find()
        .filter(key_value::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(key_value::Column::Key.eq(key));
    let row = lock::held(tx, select).one(tx).await?;
    Ok(row.map(|row| (row.id, row.value)))
}

/// Adds a value under a new key.
pub async fn insert(
    tx: &TenantTx,
    id: Uuid,
    key: &str,
    value: &Value,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = key_value::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant_uuid()),
        key: Set(key.to_owned()),
        value: Set(Some(value.clone())),
    };
    key_value::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Replaces a value.
pub async fn set_value(
    tx: &TenantTx,
    id: Uuid,
    value: &Value,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    key_value::Entity::update_many()
        .set(key_value::ActiveModel {
            value: Set(Some(value.clone())),
            updated: Set(now),
            ..Default::default()
        })
        .filter(key_value::Column::Id.eq(id))
        .filter(key_value::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Removes a key with its value; whether there was one.
pub async fn delete(tx: &TenantTx, id: Uuid) -> Result<bool, StorageError> {
    let result = key_value::Entity::delete_many()
        .filter(key_value::Column::Id.eq(id))
        .filter(key_value::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

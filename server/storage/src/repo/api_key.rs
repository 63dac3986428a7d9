//! API keys. Looking one up is the only way from nobody to a tenant, so it looks across tenants.

use crate::{StorageError, Store, TenantTx, entity::api_key};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, sea_query::OnConflict,
};
use signalbox_core::access::{Actor, Role};
use signalbox_schema::{ApiKeyId, TenantId};

/// A key to add.
#[derive(Debug)]
pub struct NewApiKey {
    /// Its public id.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Its first characters, by which people recognise it.
    pub prefix: String,
    /// The hash of the key.
    pub hash: [u8; 32],
    /// When it ends, if ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// A key that was found.
#[derive(Debug)]
pub struct FoundApiKey {
    id: ApiKeyId,
    tenant: TenantId,
    role: Role,
    expires_at: Option<DateTime<Utc>>,
    /// When it was last seen in use (to the minute).
    pub last_used: Option<DateTime<Utc>>,
}

impl FoundApiKey {
    /// The actor behind it.
    pub fn actor(&self) -> Actor {
        Actor::Key { id: self.id, tenant: self.tenant, role: self.role, expires_at: self.expires_at }
    }
}

/// The key with this hash, of whatever tenant.
pub async fn find(store: &Store, hash: &[u8; 32]) -> Result<Option<FoundApiKey>, StorageError> {
    let row = api_key::Entity::find()
        .filter(api_key::Column::KeyHash.eq(hash.to_vec()))
        .one(&store.read_of_everybody())
        .await?;
    row.map(|row| {
        let role = Role::parse(&row.role).ok_or_else(|| StorageError::Inconsistent {
            table: "api_key",
            problem: format!("key {} has the unknown role '{}'", row.id, row.role),
        })?;
        Ok(FoundApiKey {
            id: ApiKeyId(row.id),
            tenant: TenantId(row.tenant_id),
            role,
            expires_at: row.expires_at,
            last_used: row.last_used,
        })
    })
    .transpose()
}

/// Whether a key is there and has not expired.
pub async fn is_good(
    store: &Store,
    tenant: TenantId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let row = api_key::Entity::find_by_id(id.0)
        .filter(api_key::Column::TenantId.eq(tenant.0))
        .one(&store.read_of_everybody())
        .await?;
    Ok(row.is_some_and(|row| row.expires_at.is_none_or(|end| end > now)))
}

/// Whether a key with role admin exists that has not expired.
pub async fn any_admin(store: &Store, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let count = api_key::Entity::find()
        .filter(api_key::Column::Role.eq(Role::Admin.as_str()))
        .filter(
            Condition::any()
                .add(api_key::Column::ExpiresAt.is_null())
                .add(api_key::Column::ExpiresAt.gt(now)),
        )
        .count(&store.read_of_everybody())
        .await?;
    Ok(count > 0)
}

/// Notes that a key was used.
pub async fn note_use(store: &Store, key: &FoundApiKey, now: DateTime<Utc>) -> Result<(), StorageError> {
    let tx = store.begin(key.tenant).await?;
    api_key::Entity::update_many()
        .set(api_key::ActiveModel { last_used: Set(Some(now)), ..Default::default() })
        .filter(api_key::Column::Id.eq(key.id.0))
        .filter(api_key::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(&tx)
        .await?;
    tx.commit().await
}

/// Adds a key; one with the same hash is kept as it is, and its id returned.
pub async fn insert(tx: &TenantTx, key: &NewApiKey) -> Result<ApiKeyId, StorageError> {
    let row = api_key::ActiveModel {
        id: Set(key.id.0),
        created: Set(key.now),
        updated: Set(key.now),
        tenant_id: Set(tx.tenant_uuid()),
        name: Set(key.name.clone()),
        role: Set(key.role.as_str().to_owned()),
        prefix: Set(key.prefix.clone()),
        key_hash: Set(key.hash.to_vec()),
        expires_at: Set(key.expires_at),
        last_used: Set(None),
    };
    let conflict = OnConflict::column(api_key::Column::KeyHash).do_nothing().to_owned();
    api_key::Entity::insert(row).on_conflict(conflict).exec_without_returning(tx).await?;
    let row = api_key::Entity::find()
        .filter(api_key::Column::KeyHash.eq(key.hash.to_vec()))
        .filter(api_key::Column::TenantId.eq(tx.tenant_uuid()))
        .one(tx)
        .await?;
    row.map(|row| ApiKeyId(row.id))
        .ok_or_else(|| StorageError::Refused("this key belongs to another tenant".into()))
}

/// The name of a key.
pub async fn name(tx: &TenantTx, id: ApiKeyId) -> Result<Option<String>, StorageError> {
    let row = api_key::Entity::find_by_id(id.0)
        .filter(api_key::Column::TenantId.eq(tx.tenant_uuid()))
        .one(tx)
        .await?;
    Ok(row.map(|row| row.name))
}

/// Removes a key; whether there was one.
pub async fn delete(tx: &TenantTx, id: ApiKeyId) -> Result<bool, StorageError> {
    let result = api_key::Entity::delete_many()
        .filter(api_key::Column::Id.eq(id.0))
        .filter(api_key::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

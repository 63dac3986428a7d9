//! Changes of the tenant that a transaction belongs to.

use crate::{StorageError, TenantTx, entity::tenant, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

/// What can be changed about a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// What people call it.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its settings (an object).
    pub settings: Value,
}

/// The tenant.
pub async fn find(tx: &TenantTx) -> Result<Option<Tenant>, StorageError> {
    let row = lock::held(tx, tenant::Entity::find_by_id(tx.tenant_uuid())).one(tx).await?;
    Ok(row.map(|row| Tenant { name: row.name, slug: row.slug, settings: row.settings }))
}

/// Writes the changed tenant; a unique violation when another has its slug.
pub async fn save(tx: &TenantTx, changed: &Tenant, now: DateTime<Utc>) -> Result<(), StorageError> {
    let row = tenant::ActiveModel {
        name: Set(changed.name.clone()),
        slug: Set(changed.slug.clone()),
        settings: Set(changed.settings.clone()),
        updated: Set(now),
        ..Default::default()
    };
    tenant::Entity::update_many().set(row).filter(tenant::Column::Id.eq(tx.tenant_uuid())).exec(tx).await?;
    Ok(())
}

/// Removes the tenant with everything in it; whether there was one.
pub async fn delete(tx: &TenantTx) -> Result<bool, StorageError> {
    let result =
        tenant::Entity::delete_many().filter(tenant::Column::Id.eq(tx.tenant_uuid())).exec(tx).await?;
    Ok(result.rows_affected > 0)
}

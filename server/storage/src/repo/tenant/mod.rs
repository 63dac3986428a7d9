//! Tenants. Making one and finding the first are of no tenant themselves.

mod change;

pub use change::{Tenant, delete, find, save};

use crate::{StorageError, Store, entity::tenant};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};
use serde_json::json;
use signalbox_schema::TenantId;

/// Adds a tenant.
pub async fn insert(
    store: &Store,
    id: TenantId,
    name: &str,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = tenant::ActiveModel {
        id: Set(id.0),
        created: Set(now),
        updated: Set(now),
        name: Set(name.to_owned()),
        slug: Set(slug.to_owned()),
        info: Set(json!({})),
        settings: Set(json!({})),
    };
    let tx = store.begin_for_everybody().await?;
    tenant::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await
}

/// Whether there is such a tenant.
pub async fn exists(store: &Store, id: TenantId) -> Result<bool, StorageError> {
    Ok(tenant::Entity::find_by_id(id.0).one(&store.read_of_everybody()).await?.is_some())
}

/// The tenant that was made first.
pub async fn oldest(store: &Store) -> Result<Option<TenantId>, StorageError> {
    let row = tenant::Entity::find()
        .order_by_asc(tenant::Column::Created)
        .order_by_asc(tenant::Column::Id)
        .one(&store.read_of_everybody())
        .await?;
    Ok(row.map(|row| TenantId(row.id)))
}

//! Sets a value.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::access::{Access, Reporter};
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::key_value};
use uuid::Uuid;

/// Largest value, in bytes of JSON.
const LARGEST: usize = 1_000_000;

/// Sets the value under a key; the id of the pair, which stays the same.
pub async fn set(
    services: &Services,
    access: &Access<Reporter>,
    key: String,
    value: Value,
) -> Result<Uuid, ServiceError> {
    name::check("key", &key)?;
    name::check_size("value", &value, LARGEST)?;
    let set = Set { id: services.ids().id(), key, value, now: services.clock().now() };
    Ok(services.store().write(access, &set).await?)
}

struct Set {
    id: Uuid,
    key: String,
    value: Value,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "key_value.set";
    type Output = Uuid;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<Uuid, StorageError> {
        let Some((id, present)) = key_value::find(tx, &self.key).await? else {
            key_value::insert(tx, self.id, &self.key, &self.value, self.now).await?;
            return Ok(self.id);
        };
        if present.as_ref() != Some(&self.value) {
            key_value::set_value(tx, id, &self.value, self.now).await?;
        }
        Ok(id)
    }
}

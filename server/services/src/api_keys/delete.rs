//! Revokes an API key.

use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Admin};
use signalbox_schema::ApiKeyId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::api_key};

/// Revokes a key; whether there was one.
pub async fn delete(services: &Services, access: &Access<Admin>, id: ApiKeyId) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { id }).await?;
    services.hint(Topic::Keys);
    Ok(deleted)
}

struct Delete {
    id: ApiKeyId,
}

impl Transaction for Delete {
    const NAME: &'static str = "api_key.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        api_key::delete(tx, self.id).await
    }
}

//! Deletes a value.

use crate::{ServiceError, Services};
use signalbox_core::access::{Access, Reporter};
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::key_value};
use uuid::Uuid;

/// Deletes a key with its value; whether there was one.
pub async fn delete(services: &Services, access: &Access<Reporter>, id: Uuid) -> Result<bool, ServiceError> {
    Ok(services.store().write(access, &Delete { id }).await?)
}

struct Delete {
    id: Uuid,
}

impl Transaction for Delete {
    const NAME: &'static str = "key_value.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        key_value::delete(tx, self.id).await
    }
}

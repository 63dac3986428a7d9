//! Deletes a tenant.

use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Admin};
use signalbox_schema::ErrorCode;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::tenant};

/// Deletes the tenant of `access` with everything in it, its keys included; whether there was one.
///
/// # Errors
/// `CONFLICT` for the tenant that answers requests which name none: an open server cannot do without it.
pub async fn delete(services: &Services, access: &Access<Admin>) -> Result<bool, ServiceError> {
    if access.tenant() == services.default_tenant() {
        return Err(ServiceError::new(
            ErrorCode::Conflict,
            "the default tenant cannot be deleted; delete its projects instead",
        ));
    }
    let deleted = services.store().write(access, &Delete).await?;
    services.hint(Topic::Keys);
    services.hint(Topic::Work(access.tenant()));
    Ok(deleted)
}

struct Delete;

impl Transaction for Delete {
    const NAME: &'static str = "tenant.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        tenant::delete(tx).await
    }
}

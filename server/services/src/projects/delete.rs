//! Deletes a project.

use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::ProjectId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::project};

/// Deletes a project with its flows and their runs; whether there was one.
pub async fn delete(
    services: &Services,
    access: &Access<Operator>,
    id: ProjectId,
) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { id }).await?;
    if deleted {
        // An agent may hold a run that is gone.
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(deleted)
}

struct Delete {
    id: ProjectId,
}

impl Transaction for Delete {
    const NAME: &'static str = "project.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        project::delete(tx, self.id).await
    }
}

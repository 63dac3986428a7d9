//! Deletes an artifact.

use crate::{ServiceError, Services};
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::ArtifactId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::task_run_artifact};

/// Deletes an artifact; whether there was one.
pub async fn delete(
    services: &Services,
    access: &Access<Reporter>,
    id: ArtifactId,
) -> Result<bool, ServiceError> {
    Ok(services.store().write(access, &Delete { id }).await?)
}

struct Delete {
    id: ArtifactId,
}

impl Transaction for Delete {
    const NAME: &'static str = "task_run_artifact.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        task_run_artifact::delete(tx, self.id).await
    }
}

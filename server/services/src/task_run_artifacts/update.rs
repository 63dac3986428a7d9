//! Changes an artifact.

use super::LARGEST;
use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::ArtifactId;
use signalbox_storage::{TenantTx, Transaction, repo::task_run_artifact};

/// Replaces what an artifact says.
pub async fn update(
    services: &Services,
    access: &Access<Reporter>,
    id: ArtifactId,
    data: Value,
) -> Result<(), ServiceError> {
    name::check_size("data", &data, LARGEST)?;
    services.store().write(access, &Update { id, data, now: services.clock().now() }).await
}

struct Update {
    id: ArtifactId,
    data: Value,
    now: DateTime<Utc>,
}

impl Transaction for Update {
    const NAME: &'static str = "task_run_artifact.update";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let before = task_run_artifact::data(tx, self.id)
            .await?
            .ok_or_else(|| ServiceError::not_found("Artifact", self.id))?;
        if before != self.data {
            task_run_artifact::set_data(tx, self.id, &self.data, self.now).await?;
        }
        Ok(())
    }
}

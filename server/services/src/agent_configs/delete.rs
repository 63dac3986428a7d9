//! Deletes settings of agents.

use crate::{ServiceError, Services};
use signalbox_core::access::{Access, Operator};
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::agent_config};
use uuid::Uuid;

/// Deletes settings; agents that fetched them keep what they have. Whether there were any.
pub async fn delete(services: &Services, access: &Access<Operator>, id: Uuid) -> Result<bool, ServiceError> {
    Ok(services.store().write(access, &Delete { id }).await?)
}

struct Delete {
    id: Uuid,
}

impl Transaction for Delete {
    const NAME: &'static str = "agent_config.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        agent_config::delete(tx, self.id).await
    }
}

//! Forgets an agent.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::AgentId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::agent};

/// Forgets an agent; its runs stay, without it. Whether there was one.
pub async fn delete(
    services: &Services,
    access: &Access<Operator>,
    id: AgentId,
) -> Result<bool, ServiceError> {
    Ok(services.store().write(access, &Delete { id, now: services.clock().now() }).await?)
}

struct Delete {
    id: AgentId,
    now: DateTime<Utc>,
}

impl Transaction for Delete {
    const NAME: &'static str = "agent.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        agent::delete(tx, self.id, self.now).await
    }
}

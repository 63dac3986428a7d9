//! Deletes a flow group.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::FlowGroupId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::flow_group};

/// Deletes a flow group with all versions and their runs; whether there was one.
pub async fn delete(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { id, now: services.clock().now() }).await?;
    if deleted {
        // An agent may hold a run that is gone.
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(deleted)
}

struct Delete {
    id: FlowGroupId,
    now: DateTime<Utc>,
}

impl Transaction for Delete {
    const NAME: &'static str = "flow_group.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        flow_group::delete(tx, self.id, self.now).await
    }
}

//! Deletes a flow run.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::FlowRunId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::flow_run};

/// Deletes a run with its task runs, states and logs; whether there was one. An agent that works on it is told to
/// stop.
pub async fn delete(
    services: &Services,
    access: &Access<Operator>,
    id: FlowRunId,
) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { id, now: services.clock().now() }).await?;
    if deleted {
        services.hint(Topic::Work(access.tenant()));
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    Ok(deleted)
}

struct Delete {
    id: FlowRunId,
    now: DateTime<Utc>,
}

impl Transaction for Delete {
    const NAME: &'static str = "flow_run.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        flow_run::delete(tx, self.id, self.now).await
    }
}

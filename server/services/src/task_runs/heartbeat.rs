//! A task run's sign of life.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::TaskRunId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::task_run};

/// Notes that a task run lives; whether there is such a one.
pub async fn heartbeat(
    services: &Services,
    access: &Access<Reporter>,
    id: TaskRunId,
) -> Result<bool, ServiceError> {
    let touch = Touch { id, now: services.clock().now() };
    Ok(services.store().write(access, &touch).await?)
}

struct Touch {
    id: TaskRunId,
    now: DateTime<Utc>,
}

impl Transaction for Touch {
    const NAME: &'static str = "task_run.heartbeat";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        task_run::touch(tx, self.id, self.now).await
    }
}

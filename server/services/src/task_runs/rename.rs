//! Names a task run.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::TaskRunId;
use signalbox_storage::{TenantTx, Transaction, repo::task_run};

/// Names a task run.
pub async fn rename(
    services: &Services,
    access: &Access<Reporter>,
    id: TaskRunId,
    name: String,
) -> Result<(), ServiceError> {
    name::check("name", &name)?;
    services.store().write(access, &Rename { id, name, now: services.clock().now() }).await
}

struct Rename {
    id: TaskRunId,
    name: String,
    now: DateTime<Utc>,
}

impl Transaction for Rename {
    const NAME: &'static str = "task_run.rename";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        if !task_run::exists(tx, self.id).await? {
            return Err(ServiceError::not_found("Task run", self.id));
        }
        task_run::set_name(tx, self.id, &self.name, self.now).await?;
        Ok(())
    }
}

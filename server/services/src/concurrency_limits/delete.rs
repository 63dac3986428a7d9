//! Lifts a limit.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::concurrency::{self, About},
};
use uuid::Uuid;

/// Lifts a limit; whether there was one. What waited for it may start at once.
pub async fn delete(
    services: &Services,
    access: &Access<Operator>,
    about: About,
    id: Uuid,
) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { about, id, now: services.clock().now() }).await?;
    if deleted {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(deleted)
}

struct Delete {
    about: About,
    id: Uuid,
    now: DateTime<Utc>,
}

impl Transaction for Delete {
    const NAME: &'static str = "concurrency_limit.delete";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        concurrency::delete(tx, self.about, self.id, self.now).await
    }
}

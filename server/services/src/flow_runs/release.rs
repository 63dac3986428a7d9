//! Gives back leases of runs whose process has ended.

use super::Held;
use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Reporter};
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::flow_run};

/// Gives leases back. Those that are not (or no longer) the holder's are left alone.
pub async fn release(
    services: &Services,
    access: &Access<Reporter>,
    held: &[Held],
) -> Result<(), ServiceError> {
    if held.is_empty() {
        return Ok(());
    }
    services.store().write(access, &Release { held }).await?;
    // A run that waits for a long retry may be taken again.
    services.hint(Topic::Work(access.tenant()));
    Ok(())
}

struct Release<'a> {
    held: &'a [Held],
}

impl Transaction for Release<'_> {
    const NAME: &'static str = "flow_run.release";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        let held: Vec<_> = self.held.iter().map(|held| (held.run, held.lease_token)).collect();
        flow_run::release(tx, &held).await
    }
}

//! Gives the future runs of a flow group a priority.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::FlowGroupId;
use signalbox_storage::{TenantTx, Transaction, repo::flow_group};

/// Sets the priority of runs that are made without one. Runs that exist keep theirs.
pub async fn reprioritize(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
    priority: i64,
) -> Result<(), ServiceError> {
    name::check_priority(priority)?;
    let change = Reprioritize { id, priority, now: services.clock().now() };
    services.store().write(access, &change).await
}

struct Reprioritize {
    id: FlowGroupId,
    priority: i64,
    now: DateTime<Utc>,
}

impl Transaction for Reprioritize {
    const NAME: &'static str = "flow_group.reprioritize";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        if flow_group::set_priority(tx, self.id, self.priority, self.now).await? {
            return Ok(());
        }
        Err(ServiceError::not_found("flow group", self.id))
    }
}

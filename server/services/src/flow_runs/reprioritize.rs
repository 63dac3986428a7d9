//! Gives a flow run another priority.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::FlowRunId;
use signalbox_storage::{TenantTx, Transaction, repo::flow_run};

/// Gives a run a priority, which counts as long as it waits.
pub async fn reprioritize(
    services: &Services,
    access: &Access<Operator>,
    id: FlowRunId,
    priority: i64,
) -> Result<(), ServiceError> {
    name::check_priority(priority)?;
    let change = Reprioritize { id, priority, now: services.clock().now() };
    if services.store().write(access, &change).await? {
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    Ok(())
}

struct Reprioritize {
    id: FlowRunId,
    priority: i64,
    now: DateTime<Utc>,
}

impl Transaction for Reprioritize {
    const NAME: &'static str = "flow_run.reprioritize";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        if !flow_run::exists(tx, self.id).await? {
            return Err(ServiceError::not_found("Flow run", self.id));
        }
        Ok(flow_run::set_priority(tx, self.id, self.priority, self.now).await?)
    }
}

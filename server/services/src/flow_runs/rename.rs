//! Names a flow run.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::FlowRunId;
use signalbox_storage::{TenantTx, Transaction, repo::flow_run};

/// Names a run.
pub async fn rename(
    services: &Services,
    access: &Access<Reporter>,
    id: FlowRunId,
    name: String,
) -> Result<(), ServiceError> {
    name::check("name", &name)?;
    if services.store().write(access, &Rename { id, name, now: services.clock().now() }).await? {
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    Ok(())
}

struct Rename {
    id: FlowRunId,
    name: String,
    now: DateTime<Utc>,
}

impl Transaction for Rename {
    const NAME: &'static str = "flow_run.rename";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        if !flow_run::exists(tx, self.id).await? {
            return Err(ServiceError::not_found("Flow run", self.id));
        }
        Ok(flow_run::set_name(tx, self.id, &self.name, self.now).await?)
    }
}

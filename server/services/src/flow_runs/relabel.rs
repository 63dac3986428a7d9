//! Gives a flow run other labels.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::{FlowRunId, LabelSet};
use signalbox_storage::{TenantTx, Transaction, repo::flow_run};

/// Gives a run labels: from now on, agents with these may take it.
pub async fn relabel(
    services: &Services,
    access: &Access<Operator>,
    id: FlowRunId,
    labels: Vec<String>,
) -> Result<(), ServiceError> {
    let labels = LabelSet::new(labels)?;
    if services.store().write(access, &Relabel { id, labels, now: services.clock().now() }).await? {
        services.hint(Topic::Work(access.tenant()));
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    Ok(())
}

struct Relabel {
    id: FlowRunId,
    labels: LabelSet,
    now: DateTime<Utc>,
}

impl Transaction for Relabel {
    const NAME: &'static str = "flow_run.relabel";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        if !flow_run::exists(tx, self.id).await? {
            return Err(ServiceError::not_found("Flow run", self.id));
        }
        Ok(flow_run::set_labels(tx, self.id, &self.labels, self.now).await?)
    }
}

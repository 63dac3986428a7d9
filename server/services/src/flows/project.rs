//! Moves a flow to another project.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::{FlowId, ProjectId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{flow, lock, project},
};

/// Moves a flow to another project of the tenant.
pub async fn set_project(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
    project: ProjectId,
) -> Result<(), ServiceError> {
    services.store().write(access, &Move { id, project, now: services.clock().now() }).await
}

struct Move {
    id: FlowId,
    project: ProjectId,
    now: DateTime<Utc>,
}

impl Transaction for Move {
    const NAME: &'static str = "flow.set_project";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        // Before the flow's group, as registering does.
        lock::project(tx, self.project).await?;
        flow::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("flow", self.id))?;
        project::find(tx, self.project)
            .await?
            .ok_or_else(|| ServiceError::not_found("project", self.project))?;
        Ok(flow::set_project(tx, self.id, self.project, self.now).await?)
    }
}

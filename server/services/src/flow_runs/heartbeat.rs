//! A run's sign of life.

use crate::{ServiceError, Services};
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
};
use signalbox_schema::FlowRunId;
use signalbox_storage::{Batch, StorageError, TenantTx, repo::flow_run};
use std::sync::Arc;

/// Notes that a run lives; whether there is such a run.
pub async fn heartbeat(
    services: &Services,
    access: &Access<Reporter>,
    id: FlowRunId,
) -> Result<bool, ServiceError> {
    services.lanes().heartbeat.submit(services.store(), access, id).await
}

/// Notes the life of many runs at once.
pub(crate) struct HeartbeatBatch {
    pub clock: Arc<dyn Clock>,
}

impl Batch for HeartbeatBatch {
    const NAME: &'static str = "flow_run.heartbeat";
    type Command = FlowRunId;
    type Output = bool;
    type Error = ServiceError;

    async fn run(
        &self,
        tx: &TenantTx,
        commands: &[&FlowRunId],
    ) -> Result<Vec<Result<bool, ServiceError>>, StorageError> {
        let known = flow_run::touch(tx, commands.iter().map(|id| **id), self.clock.now()).await?;
        Ok(commands.iter().map(|id| Ok(known.contains(id))).collect())
    }
}

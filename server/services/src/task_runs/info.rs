//! What a task runner asks before it runs.

use crate::{ServiceError, Services};
use serde_json::Value;
use signalbox_core::{
    access::{Access, Reporter, Viewer},
    clock::Clock,
    ids::Ids,
};
use signalbox_schema::TaskRunId;
pub use signalbox_storage::repo::task_run::{TaskRunInfo, TaskRunKey};
use signalbox_storage::{Batch, StorageError, TenantTx, repo::task_run};
use std::sync::Arc;

/// Largest map index.
const LARGEST_MAP_INDEX: i64 = 10_000_000;

/// The task run with this key, made if there is none.
pub async fn get_or_create(
    services: &Services,
    access: &Access<Reporter>,
    key: TaskRunKey,
) -> Result<TaskRunInfo, ServiceError> {
    if !(-1..=LARGEST_MAP_INDEX).contains(&key.map_index) {
        return Err(ServiceError::invalid(format!(
            "map_index must be from -1 (not mapped) to {LARGEST_MAP_INDEX}; it is {}",
            key.map_index
        )));
    }
    // Most are asked for again and again, and reading needs no place among the writers.
    let tx = services.store().read(access);
    if let Some(info) = task_run::find(&tx, &[key]).await?.remove(&key) {
        return Ok(info);
    }
    services.lanes().task_run_info.submit(services.store(), access, key).await
}

/// The state of a task run.
pub async fn serialized_state(
    services: &Services,
    access: &Access<Viewer>,
    id: TaskRunId,
) -> Result<Value, ServiceError> {
    let state = task_run::serialized_state(&services.store().read(access), id).await?;
    state.ok_or_else(|| ServiceError::not_found("Task run", id))
}

/// Finds or makes task runs for many callers at once.
pub(crate) struct InfoBatch {
    pub ids: Arc<dyn Ids>,
    pub clock: Arc<dyn Clock>,
}

impl Batch for InfoBatch {
    const NAME: &'static str = "task_run.get_or_create";
    type Command = TaskRunKey;
    type Output = TaskRunInfo;
    type Error = ServiceError;

    async fn run(
        &self,
        tx: &TenantTx,
        commands: &[&TaskRunKey],
    ) -> Result<Vec<Result<TaskRunInfo, ServiceError>>, StorageError> {
        let keys: Vec<TaskRunKey> = commands.iter().map(|key| **key).collect();
        let found = task_run::get_or_create(tx, &keys, &*self.ids, self.clock.now()).await?;
        Ok(keys
            .iter()
            .map(|key| {
                found.get(key).cloned().ok_or_else(|| {
                    ServiceError::not_found(
                        "Flow run",
                        format!("{} with task {} in its flow", key.flow_run, key.task),
                    )
                })
            })
            .collect())
    }
}

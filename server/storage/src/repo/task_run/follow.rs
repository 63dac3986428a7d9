//! The states of task runs, in the order in which they had them.

use crate::{
    StorageError, TenantTx,
    repo::{flow_run::PastState, list},
};
use sea_orm::Value;
use signalbox_schema::{FlowRunId, TaskRunId};
use std::collections::HashMap;
use uuid::Uuid;

/// The states of a task run behind one of them, in order; at most `limit`.
pub async fn states_after(
    tx: &TenantTx,
    run: TaskRunId,
    version: i64,
    limit: u32,
) -> Result<Vec<PastState>, StorageError> {
    let columns = PastState::COLUMNS;
    let sql = format!(
        "SELECT task_run_id, {columns} FROM task_run_state
          WHERE tenant_id = $1 AND task_run_id = $2 AND version > $3 ORDER BY version LIMIT $4"
    );
    let values = vec![tx.tenant().0.into(), run.0.into(), version.into(), i64::from(limit).into()];
    tx.query(sql, values).await?.iter().map(PastState::read).collect()
}

/// The states with these numbers of these task runs, as far as they are there.
pub async fn states_at(
    tx: &TenantTx,
    states: &[(TaskRunId, i64)],
) -> Result<HashMap<(TaskRunId, i64), PastState>, StorageError> {
    if states.is_empty() {
        return Ok(HashMap::new());
    }
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, states.iter().map(|(run, _)| Uuid::from(*run)));
    let versions = list::integers(&mut values, states.iter().map(|(_, version)| *version));
    let columns = PastState::COLUMNS;
    let sql = format!(
        "SELECT task_run_id, {columns} FROM task_run_state
          WHERE tenant_id = $1 AND task_run_id IN ({runs}) AND version IN ({versions})"
    );
    let mut found = HashMap::with_capacity(states.len());
    for row in tx.query(sql, values).await? {
        let state = PastState::read(&row)?;
        found.insert((TaskRunId(state.run), state.version), state);
    }
    Ok(found)
}

/// The first states of the task runs that were made together with their flow run, behind `skip` of them.
pub async fn first_states(
    tx: &TenantTx,
    run: FlowRunId,
    skip: u32,
    limit: u32,
) -> Result<Vec<PastState>, StorageError> {
    let columns = PastState::COLUMNS.replace(", ", ", s.");
    // Made together: in one transaction, which has one time. An element of a mapped task comes later.
    let sql = format!(
        "SELECT s.task_run_id, s.{columns}
           FROM flow_run r JOIN task_run t ON t.flow_run_id = r.id JOIN task_run_state s ON s.task_run_id = t.id
          WHERE r.tenant_id = $1 AND r.id = $2 AND s.version = 1 AND s.state = 'Pending' AND s.created = r.created
          ORDER BY t.id LIMIT $3 OFFSET $4"
    );
    let values = vec![tx.tenant().0.into(), run.0.into(), i64::from(limit).into(), i64::from(skip).into()];
    tx.query(sql, values).await?.iter().map(PastState::read).collect()
}

/// How many states a task run has had, and its flow run; `None` when there is no such task run.
pub async fn version(tx: &TenantTx, run: TaskRunId) -> Result<Option<(i64, FlowRunId)>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let sql = "SELECT version, flow_run_id FROM task_run WHERE tenant_id = $1 AND id = $2";
    let rows = tx.query(sql, values).await?;
    rows.first().map(|row| Ok((row.try_get_by_index(0)?, FlowRunId(row.try_get_by_index(1)?)))).transpose()
}

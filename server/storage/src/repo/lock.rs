//! Rows that a transaction reads and then writes by what it read.
//!
//! On PostgreSQL they are locked first and read afterwards: a statement that waits for a lock sees the locked row as
//! it is now, but what it joins as it was when the statement began. Always in the order of their ids, and in the order
//! tenant, agent, project, flow group, flow, flow run, task run, so that nobody waits in a circle. Rows that only refer to a
//! locked one (states, logs) are written without waiting. SQLite's one writer is alone.

use crate::{StorageError, TenantTx, dialect::Dialect, repo::list};
use sea_orm::{EntityTrait, QuerySelect, Select, Value, sea_query::LockType};
use signalbox_schema::{AgentId, FlowGroupId, FlowId, FlowRunId, ProjectId, TaskRunId};
use uuid::Uuid;

/// A row that the caller reads with `select`, together with it: enough where nothing is joined.
pub(crate) fn held<E: EntityTrait>(tx: &TenantTx, select: Select<E>) -> Select<E> {
    if tx.is_transaction() { select.lock(LockType::NoKeyUpdate) } else { select }
}

/// The tenant itself: for what there shall be one of by content, without an index that says so.
pub async fn tenant(tx: &TenantTx) -> Result<(), StorageError> {
    run(tx, "SELECT id FROM tenant WHERE id = $1 FOR NO KEY UPDATE", vec![tx.tenant().0.into()]).await
}

/// A project, for registering flows in it.
pub async fn project(tx: &TenantTx, id: ProjectId) -> Result<(), StorageError> {
    rows(tx, "project", [id.0]).await
}

/// A version group while its newest version is looked up: nobody replaces it meanwhile.
pub async fn version_group(tx: &TenantTx, name: &str) -> Result<(), StorageError> {
    const SQL: &str = "SELECT id FROM flow_group WHERE tenant_id = $1 AND name = $2 FOR SHARE";
    run(tx, SQL, vec![tx.tenant().0.into(), name.into()]).await
}

/// The groups of these flows, for whatever changes about flows, their schedules and the runs these plan.
pub async fn groups_of(tx: &TenantTx, flows: &[FlowId]) -> Result<(), StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let flows = list::ids(&mut values, flows.iter().map(|id| id.0));
    let sql = format!(
        "SELECT id FROM flow_group WHERE tenant_id = $1 AND id IN
             (SELECT flow_group_id FROM flow WHERE tenant_id = $1 AND id IN ({flows}))
          ORDER BY id FOR NO KEY UPDATE"
    );
    run(tx, &sql, values).await
}

/// A flow group, for decisions about its runs that depend on each other.
pub(crate) async fn group(tx: &TenantTx, id: FlowGroupId) -> Result<(), StorageError> {
    rows(tx, "flow_group", [id.0]).await
}

/// Flows that get runs: they are not put away meanwhile. `alone`: nobody else gives them runs meanwhile, either, so that
/// one does not overlook the other's run with the same key.
pub async fn flows(tx: &TenantTx, ids: &[FlowId], alone: bool) -> Result<(), StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.iter().map(|id| id.0));
    let strength = if alone { "NO KEY UPDATE" } else { "SHARE" };
    let sql =
        format!("SELECT id FROM flow WHERE tenant_id = $1 AND id IN ({ids}) ORDER BY id FOR {strength}");
    run(tx, &sql, values).await
}

/// An agent, for the one answer to its question.
pub async fn agent(tx: &TenantTx, id: AgentId) -> Result<(), StorageError> {
    rows(tx, "agent", [id.0]).await
}

/// Flow runs.
pub async fn flow_runs(tx: &TenantTx, ids: &[FlowRunId]) -> Result<(), StorageError> {
    rows(tx, "flow_run", ids.iter().map(|id| id.0)).await
}

/// Flow runs that one statement changes, which would take them in any order. One cannot be out of order.
pub(crate) async fn in_order(tx: &TenantTx, ids: &[FlowRunId]) -> Result<(), StorageError> {
    if ids.len() > 1 { flow_runs(tx, ids).await } else { Ok(()) }
}

/// Task runs.
pub async fn task_runs(tx: &TenantTx, ids: &[TaskRunId]) -> Result<(), StorageError> {
    rows(tx, "task_run", ids.iter().map(|id| id.0)).await
}

/// All task runs of a flow run.
pub(crate) async fn task_runs_of(tx: &TenantTx, run: FlowRunId) -> Result<(), StorageError> {
    const SQL: &str =
        "SELECT id FROM task_run WHERE tenant_id = $1 AND flow_run_id = $2 ORDER BY id FOR NO KEY UPDATE";
    self::run(tx, SQL, vec![tx.tenant().0.into(), run.0.into()]).await
}

async fn rows(
    tx: &TenantTx,
    table: &'static str,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<(), StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids);
    let sql = format!(
        "SELECT id FROM {table} WHERE tenant_id = $1 AND id IN ({ids}) ORDER BY id FOR NO KEY UPDATE"
    );
    run(tx, &sql, values).await
}

async fn run(tx: &TenantTx, sql: &str, values: Vec<Value>) -> Result<(), StorageError> {
    // Outside of a transaction a lock would be gone before the row is read.
    if tx.dialect() == Dialect::Postgres && tx.is_transaction() {
        tx.query(sql, values).await?;
    }
    Ok(())
}

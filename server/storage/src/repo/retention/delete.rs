//! Deleting what belongs to one run, at most so many rows at once. Each returns how many went; fewer than asked for
//! means that nothing is left.

use super::ended::ended;
use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::FlowRunId;

/// Deletes log lines of a run.
pub async fn delete_logs(tx: &TenantTx, run: FlowRunId, most: u64) -> Result<u64, StorageError> {
    const SQL: &str = "DELETE FROM log WHERE tenant_id = $1 AND id IN
        (SELECT id FROM log WHERE tenant_id = $1 AND flow_run_id = $2 LIMIT $3)";
    some(tx, SQL, run, most).await
}

/// Deletes states of a run and of its task runs, but for the last of each.
pub async fn delete_states(tx: &TenantTx, run: FlowRunId, most: u64) -> Result<u64, StorageError> {
    const OF_RUN: &str = "DELETE FROM flow_run_state WHERE tenant_id = $1 AND id IN
        (SELECT s.id FROM flow_run_state s
          WHERE s.tenant_id = $1 AND s.flow_run_id = $2
            AND EXISTS (SELECT 1 FROM flow_run_state n WHERE n.flow_run_id = s.flow_run_id
                           AND (n.version > s.version OR (n.version = s.version AND n.id > s.id)))
          LIMIT $3)";
    const OF_TASK_RUNS: &str = "DELETE FROM task_run_state WHERE tenant_id = $1 AND id IN
        (SELECT s.id FROM task_run t JOIN task_run_state s ON s.task_run_id = t.id
          WHERE t.tenant_id = $1 AND t.flow_run_id = $2
            AND EXISTS (SELECT 1 FROM task_run_state n WHERE n.task_run_id = s.task_run_id
                           AND (n.version > s.version OR (n.version = s.version AND n.id > s.id)))
          LIMIT $3)";
    in_turn(tx, &[OF_RUN, OF_TASK_RUNS], run, most).await
}

/// Deletes a run that ended before `cutoff`, with everything that belongs to it, beginning with what there may be many
/// of: the row itself goes last, and whatever else refers to it goes with it.
pub async fn delete_run(
    tx: &TenantTx,
    run: FlowRunId,
    cutoff: DateTime<Utc>,
    most: u64,
) -> Result<Deleted, StorageError> {
    const CHILDREN: &[&str] = &[
        "DELETE FROM log WHERE tenant_id = $1 AND id IN
            (SELECT id FROM log WHERE tenant_id = $1 AND flow_run_id = $2 LIMIT $3)",
        "DELETE FROM task_run_state WHERE tenant_id = $1 AND id IN
            (SELECT s.id FROM task_run t JOIN task_run_state s ON s.task_run_id = t.id
              WHERE t.tenant_id = $1 AND t.flow_run_id = $2 LIMIT $3)",
        "DELETE FROM task_run_artifact WHERE tenant_id = $1 AND id IN
            (SELECT a.id FROM task_run t JOIN task_run_artifact a ON a.task_run_id = t.id
              WHERE t.tenant_id = $1 AND t.flow_run_id = $2 LIMIT $3)",
        "DELETE FROM task_run WHERE tenant_id = $1 AND id IN
            (SELECT id FROM task_run WHERE tenant_id = $1 AND flow_run_id = $2 LIMIT $3)",
        "DELETE FROM flow_run_state WHERE tenant_id = $1 AND id IN
            (SELECT id FROM flow_run_state WHERE tenant_id = $1 AND flow_run_id = $2 LIMIT $3)",
    ];
    const ITSELF: &str = concat!(
        "DELETE FROM flow_run WHERE tenant_id = $1 AND id = $2 AND ",
        ended!(),
        " AND state_timestamp < $3"
    );
    let rows = in_turn(tx, CHILDREN, run, most).await?;
    if rows >= most {
        return Ok(Deleted { rows, whole: false });
    }
    let gone = tx.execute(ITSELF, vec![tx.tenant_uuid().into(), run.0.into(), cutoff.into()]).await?;
    Ok(Deleted { rows: rows + gone, whole: gone > 0 })
}

/// What went of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// Rows.
    pub rows: u64,
    /// Whether the run itself is gone.
    pub whole: bool,
}

async fn in_turn(
    tx: &TenantTx,
    statements: &[&'static str],
    run: FlowRunId,
    most: u64,
) -> Result<u64, StorageError> {
    let mut rows = 0;
    for sql in statements {
        rows += some(tx, sql, run, most - rows).await?;
        if rows >= most {
            break;
        }
    }
    Ok(rows)
}

async fn some(tx: &TenantTx, sql: &'static str, run: FlowRunId, most: u64) -> Result<u64, StorageError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values: Vec<Value> = vec![tx.tenant_uuid().into(), run.0.into(), most.into()];
    tx.execute(sql, values).await
}

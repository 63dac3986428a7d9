//! The mapped children of a task run, summed up.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use signalbox_schema::TaskRunId;

/// Children in one state.
#[derive(Debug)]
pub struct ChildrenInState {
    /// The state; `None` for children that have none yet.
    pub state: Option<String>,
    /// How many.
    pub count: i64,
    /// When the first of them began.
    pub min_start_time: Option<DateTime<Utc>>,
    /// When the last of them ended.
    pub max_end_time: Option<DateTime<Utc>>,
}

/// The mapped children that belong to the same task and flow run as a task run.
pub async fn children(tx: &TenantTx, parent: TaskRunId) -> Result<Vec<ChildrenInState>, StorageError> {
    let values = vec![tx.tenant().0.into(), parent.0.into()];
    let rows = tx
        .query(
            "SELECT c.state, count(*), min(c.start_time), max(c.end_time)
               FROM task_run p JOIN task_run c ON c.flow_run_id = p.flow_run_id AND c.task_id = p.task_id
              WHERE p.tenant_id = $1 AND p.id = $2 AND c.map_index >= 0
              GROUP BY c.state ORDER BY c.state",
            values,
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ChildrenInState {
                state: row.try_get_by_index(0)?,
                count: row.try_get_by_index(1)?,
                min_start_time: row.try_get_by_index(2)?,
                max_end_time: row.try_get_by_index(3)?,
            })
        })
        .collect()
}

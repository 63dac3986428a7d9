//! Task runs whose process is gone.

use crate::{StorageError, TenantTx};
use chrono::TimeDelta;
use sea_orm::Value;
use signalbox_core::run::task_run::TaskRunNow;
use signalbox_schema::{FlowId, FlowRunId, TaskRunId};

use super::load;

/// A task run that was `Running` when its process was lost.
#[derive(Debug)]
pub struct Interrupted {
    /// The task run.
    pub id: TaskRunId,
    /// Its flow.
    pub flow: FlowId,
    /// For the decision.
    pub now: TaskRunNow,
    /// How often its task may be retried.
    pub max_retries: u32,
    /// How often it was retried so far.
    pub retries: u32,
    /// How long its task waits before a retry.
    pub retry_delay: TimeDelta,
}

/// The `Running` task runs of a flow run.
pub async fn interrupted(tx: &TenantTx, run: FlowRunId) -> Result<Vec<Interrupted>, StorageError> {
    let values: Vec<Value> = vec![tx.tenant().0.into(), run.0.into()];
    let rows = tx
        .query(
            "SELECT r.id, t.max_retries, t.retry_delay,
                    (SELECT count(*) FROM task_run_state s WHERE s.task_run_id = r.id AND s.state = 'Retrying')
               FROM task_run r JOIN task t ON t.id = r.task_id
              WHERE r.tenant_id = $1 AND r.flow_run_id = $2 AND r.state = 'Running'",
            values,
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let (max_retries, delay): (Option<i64>, Option<i64>) =
            (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let retries: i64 = row.try_get_by_index(3)?;
        let count = |n: i64| u32::try_from(n).unwrap_or_default();
        found.push((
            TaskRunId(row.try_get_by_index(0)?),
            count(max_retries.unwrap_or_default()),
            count(retries),
            delay.and_then(TimeDelta::try_seconds).unwrap_or_default(),
        ));
    }
    let mut loaded = load(tx, found.iter().map(|(id, ..)| *id), &[]).await?;
    Ok(found
        .into_iter()
        .filter_map(|(id, max_retries, retries, retry_delay)| {
            let loaded = loaded.remove(&id)?;
            Some(Interrupted { id, flow: loaded.flow, now: loaded.now, max_retries, retries, retry_delay })
        })
        .collect())
}

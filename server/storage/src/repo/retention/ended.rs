//! Runs that have ended, in the order in which they did.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::FlowRunId;
use uuid::Uuid;

/// A run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRun {
    /// Its id.
    pub id: FlowRunId,
    /// When.
    pub ended: DateTime<Utc>,
}

/// The states of the index `flow_run_ended`, word for word: SQLite uses a partial index for nothing else.
macro_rules! ended {
    () => {
        "state IN ('Finished', 'Success', 'Skipped', 'Cached', 'Mapped', 'Looped', 'Failed', 'TimedOut', \
         'TriggerFailed', 'ValidationFailed', 'Cancelled')"
    };
}
pub(super) use ended;

/// The runs that ended before `cutoff`, behind `after` in their order; at most `limit`.
pub async fn ended_runs(
    tx: &TenantTx,
    after: EndedRun,
    cutoff: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<EndedRun>, StorageError> {
    const SQL: &str = concat!(
        "SELECT id, state_timestamp FROM flow_run
          WHERE tenant_id = $1 AND ",
        ended!(),
        " AND state_timestamp < $2 AND (state_timestamp, id) > ($3, $4)
          ORDER BY state_timestamp, id LIMIT $5"
    );
    let values: Vec<Value> = vec![
        tx.tenant_uuid().into(),
        cutoff.into(),
        after.ended.into(),
        after.id.0.into(),
        i64::from(limit).into(),
    ];
    tx.query(SQL, values)
        .await?
        .iter()
        .map(|row| {
            let id: Uuid = row.try_get_by_index(0)?;
            Ok(EndedRun { id: FlowRunId(id), ended: row.try_get_by_index(1)? })
        })
        .collect()
}

/// Whether a run is still one that ended before `cutoff`: it may have been started again.
pub async fn still_ended(tx: &TenantTx, run: FlowRunId, cutoff: DateTime<Utc>) -> Result<bool, StorageError> {
    const SQL: &str = concat!(
        "SELECT 1 FROM flow_run WHERE tenant_id = $1 AND id = $2 AND ",
        ended!(),
        " AND state_timestamp < $3"
    );
    let values: Vec<Value> = vec![tx.tenant_uuid().into(), run.0.into(), cutoff.into()];
    Ok(!tx.query(SQL, values).await?.is_empty())
}

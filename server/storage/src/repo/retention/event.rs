//! Shortening the log of events at its old end.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use sea_orm::Value;

/// Deletes the tenant's oldest events, as far as they are from before `cutoff`; at most `most`. What is kept has no
/// gaps: a reader that resumes from a position sees whether something is missing.
pub async fn delete_events(tx: &TenantTx, cutoff: DateTime<Utc>, most: u64) -> Result<u64, StorageError> {
    const OLDEST: &str =
        "SELECT position, occurred FROM event WHERE tenant_id = $1 ORDER BY position LIMIT $2";
    const UP_TO: &str = "DELETE FROM event WHERE tenant_id = $1 AND position <= $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values: Vec<Value> = vec![tx.tenant_uuid().into(), most.into()];
    let mut last: Option<i64> = None;
    for row in tx.query(OLDEST, values).await? {
        let occurred: DateTime<Utc> = row.try_get_by_index(1)?;
        if occurred >= cutoff {
            break;
        }
        last = Some(row.try_get_by_index(0)?);
    }
    match last {
        Some(position) => tx.execute(UP_TO, vec![tx.tenant_uuid().into(), position.into()]).await,
        None => Ok(0),
    }
}

//! Runs that flows have ahead of them.

use crate::{StorageError, TenantTx, repo::list};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::{FlowId, StateType};
use std::collections::{HashMap, HashSet};

/// The runs of one flow that its schedule made for times to come.
#[derive(Debug, Default)]
pub struct Ahead {
    /// The slot of the latest that still waits. Others do not count: one that was cancelled after the schedule changed
    /// to an earlier rhythm must not hold up the runs before it.
    pub latest: Option<DateTime<Utc>>,
    /// When the first that waits is due; with jitter this is not the time of its slot.
    pub next_due: Option<DateTime<Utc>>,
    /// The keys of all of them, whatever became of them.
    pub keys: HashSet<String>,
}

/// What each of these flows has ahead of `now`.
pub async fn ahead(
    tx: &TenantTx,
    flows: &[FlowId],
    now: DateTime<Utc>,
) -> Result<HashMap<FlowId, Ahead>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0), Value::from(now), Value::from(true)];
    let flows = list::ids(&mut values, flows.iter().map(|flow| flow.0));
    let rows = tx
        .query(
            format!(
                "SELECT flow_id, scheduled_start_time, state, idempotency_key, slot_time FROM flow_run
                  WHERE tenant_id = $1 AND flow_id IN ({flows}) AND scheduled_start_time > $2
                    AND auto_scheduled = $3"
            ),
            values,
        )
        .await?;
    let mut found: HashMap<FlowId, Ahead> = HashMap::new();
    for row in rows {
        let ahead = found.entry(FlowId(row.try_get_by_index(0)?)).or_default();
        let (start, state): (DateTime<Utc>, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if state == StateType::Scheduled.as_str() {
            let slot: Option<DateTime<Utc>> = row.try_get_by_index(4)?;
            ahead.latest = ahead.latest.max(slot.or(Some(start)));
            ahead.next_due = Some(ahead.next_due.map_or(start, |due| due.min(start)));
        }
        ahead.keys.extend(row.try_get_by_index::<Option<String>>(3)?);
    }
    Ok(found)
}

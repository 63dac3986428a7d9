//! The runs of a flow group that have not ended, for the policy that judges them.

use crate::{
    StorageError, TenantTx,
    repo::{flow_group::policy, list, row},
};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_core::schedule::{Policy, admit::Waiting};
use signalbox_schema::{FlowGroupId, FlowRunId, StateType};
use std::collections::HashMap;

/// The runs of a flow group that its policy looks at.
#[derive(Debug)]
pub struct Slots {
    /// The policy.
    pub policy: Policy,
    /// Runs that an agent has begun with and that have not ended, whoever wished them.
    pub active: Vec<FlowRunId>,
    /// Runs of its schedule that are due and have not begun, in order of time.
    pub waiting: Vec<Waiting>,
}

/// The flow groups of those among `runs` that their schedule made and that wait, where the group's policy judges runs.
pub async fn judged(
    tx: &TenantTx,
    runs: &[FlowRunId],
) -> Result<HashMap<FlowRunId, FlowGroupId>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.iter().map(|run| run.0));
    let rows = tx
        .query(
            format!(
                "SELECT r.id, g.id FROM flow_run r JOIN flow f ON f.id = r.flow_id
                   JOIN flow_group g ON g.id = f.flow_group_id
                  WHERE r.tenant_id = $1 AND r.id IN ({runs}) AND r.auto_scheduled
                    AND r.state IN ('Scheduled', 'Resume', 'Retrying')
                    AND (g.overlap_policy <> 'allow' OR g.catch_up_seconds IS NOT NULL)"
            ),
            values,
        )
        .await?;
    rows.iter()
        .map(|row| Ok((FlowRunId(row.try_get_by_index(0)?), FlowGroupId(row.try_get_by_index(1)?))))
        .collect()
}

/// What the policy of a flow group looks at, as of `now`. One pass over the index `flow_run_open`.
pub async fn slots(tx: &TenantTx, group: FlowGroupId, now: DateTime<Utc>) -> Result<Slots, StorageError> {
    let values = vec![tx.tenant().0.into(), group.0.into()];
    let sql = "SELECT overlap_policy, catch_up_seconds, jitter_seconds FROM flow_group
                WHERE tenant_id = $1 AND id = $2";
    let rows = tx.query(sql, values.clone()).await?;
    let policy = match rows.first() {
        Some(row) => {
            let overlap: String = row.try_get_by_index(0)?;
            policy(&overlap, row.try_get_by_index(1)?, row.try_get_by_index(2)?)
        }
        None => Policy::default(),
    };
    let sql = "SELECT r.id, r.state, r.auto_scheduled, r.version, r.scheduled_start_time, r.start_time,
                      r.state_start_time
                 FROM flow f JOIN flow_run r ON r.flow_id = f.id
                WHERE f.tenant_id = $1 AND f.flow_group_id = $2 AND r.state IN
                      ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued', 'Submitted', 'Running', 'Cancelling')
                ORDER BY r.scheduled_start_time, r.id";
    let (mut active, mut waiting) = (Vec::new(), Vec::new());
    for row in tx.query(sql, values).await? {
        let id = FlowRunId(row.try_get_by_index(0)?);
        let state: String = row.try_get_by_index(1)?;
        let has_begun = row.try_get_by_index::<Option<DateTime<Utc>>>(5)?.is_some();
        let is_active = match row::state(&state, "flow_run")? {
            // Of a queued run the process waits for a slot.
            StateType::Submitted | StateType::Running | StateType::Cancelling | StateType::Queued => true,
            StateType::Paused => has_begun,
            _ => false,
        };
        let is_due = row.try_get_by_index::<Option<DateTime<Utc>>>(6)?.is_some_and(|due| due <= now);
        if is_active {
            active.push(id);
        } else if is_due && row.try_get_by_index(2)? {
            let is_fresh = state == StateType::Scheduled.as_str() && row.try_get_by_index::<i64>(3)? == 1;
            waiting.push(Waiting { id, due: row.try_get_by_index(4)?, is_fresh });
        }
    }
    Ok(Slots { policy, active, waiting })
}

//! The schedules themselves, and how far they were planned.

use crate::{
    StorageError, TenantTx,
    repo::{flow_group::policy, list},
};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_core::schedule::Policy;
use signalbox_schema::{FlowGroupId, FlowId};
use std::collections::HashMap;

/// What runs are planned by.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The flow group.
    pub group: FlowGroupId,
    /// The schedule, as serialized: the flow group's, else the flow's own.
    pub schedule: Json,
    /// What the flow group wishes of it.
    pub policy: Policy,
}

/// The schedules of those among `flows` whose schedule makes runs: active and not put away; and the slot up to which
/// each was planned.
pub async fn documents(
    tx: &TenantTx,
    flows: &[FlowId],
) -> Result<HashMap<FlowId, (Document, Option<DateTime<Utc>>)>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let flows = list::ids(&mut values, flows.iter().map(|flow| flow.0));
    let rows = tx
        .query(
            format!(
                "SELECT f.id, g.schedule, f.schedule, g.id, g.overlap_policy, g.catch_up_seconds, g.jitter_seconds,
                        f.planned_until
                   FROM flow f JOIN flow_group g ON g.id = f.flow_group_id
                  WHERE f.tenant_id = $1 AND f.id IN ({flows}) AND f.is_schedule_active AND NOT f.archived"
            ),
            values,
        )
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let (group, own): (Option<Json>, Option<Json>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let Some(schedule) = [group, own].into_iter().flatten().find(|schedule| !schedule.is_null()) else {
            continue;
        };
        let overlap: String = row.try_get_by_index(4)?;
        let document = Document {
            group: FlowGroupId(row.try_get_by_index(3)?),
            schedule,
            policy: policy(&overlap, row.try_get_by_index(5)?, row.try_get_by_index(6)?),
        };
        found.insert(FlowId(row.try_get_by_index(0)?), (document, row.try_get_by_index(7)?));
    }
    Ok(found)
}

/// Remembers how far the schedule of a flow was planned. Leaves `updated` alone: the flow is the same.
pub async fn set_planned_until(
    tx: &TenantTx,
    flow: FlowId,
    until: DateTime<Utc>,
) -> Result<(), StorageError> {
    let values = vec![tx.tenant().0.into(), flow.0.into(), until.into()];
    let sql = "UPDATE flow SET planned_until = $3
                WHERE tenant_id = $1 AND id = $2 AND (planned_until IS NULL OR planned_until < $3)";
    tx.execute(sql, values).await?;
    Ok(())
}

/// The versions of a flow group whose schedule makes runs.
pub async fn scheduled_of_group(tx: &TenantTx, group: FlowGroupId) -> Result<Vec<FlowId>, StorageError> {
    let values = vec![Value::from(tx.tenant().0), Value::from(group.0)];
    let rows = tx
        .query(
            "SELECT id FROM flow
              WHERE tenant_id = $1 AND flow_group_id = $2 AND is_schedule_active AND NOT archived",
            values,
        )
        .await?;
    rows.iter().map(|row| Ok(FlowId(row.try_get_by_index(0)?))).collect()
}

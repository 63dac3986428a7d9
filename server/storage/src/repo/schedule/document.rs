//! The schedules themselves.

use crate::{StorageError, TenantTx, repo::list};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_schema::{FlowGroupId, FlowId};
use std::collections::HashMap;

/// The schedules, as serialized, of those among `flows` whose schedule makes runs: active and not put away. The flow
/// group's replaces the flow's own.
pub async fn documents(tx: &TenantTx, flows: &[FlowId]) -> Result<HashMap<FlowId, Json>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let flows = list::ids(&mut values, flows.iter().map(|flow| flow.0));
    let rows = tx
        .query(
            format!(
                "SELECT f.id, g.schedule, f.schedule FROM flow f JOIN flow_group g ON g.id = f.flow_group_id
                  WHERE f.tenant_id = $1 AND f.id IN ({flows}) AND f.is_schedule_active AND NOT f.archived"
            ),
            values,
        )
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let (group, own): (Option<Json>, Option<Json>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if let Some(schedule) = [group, own].into_iter().flatten().find(|schedule| !schedule.is_null()) {
            found.insert(FlowId(row.try_get_by_index(0)?), schedule);
        }
    }
    Ok(found)
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

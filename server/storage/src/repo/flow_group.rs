//! Flow groups: what all versions of a flow share.

use crate::{StorageError, TenantTx, entity::flow_group, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use signalbox_core::event::{EventKind, NewEvent};
use signalbox_core::schedule::{Overlap, Policy};
use signalbox_schema::FlowGroupId;

/// A flow group. JSON fields are as the API shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowGroup {
    /// Its id.
    pub id: FlowGroupId,
    /// The version group it stands for; unique in the tenant.
    pub name: String,
    /// What the flow is for.
    pub description: Option<String>,
    /// Labels of its runs (a list); `None` leaves them to the flow.
    pub labels: Option<Value>,
    /// A schedule that replaces the flow's own.
    pub schedule: Option<Value>,
    /// Switches, and the key of the last registration.
    pub settings: Value,
    /// Parameters of its runs, by name.
    pub default_parameters: Value,
    /// The run config of its runs; `None` leaves it to the flow.
    pub run_config: Option<Value>,
    /// What it wishes of its schedule.
    pub policy: Policy,
}

impl From<flow_group::Model> for FlowGroup {
    fn from(row: flow_group::Model) -> Self {
        Self {
            id: FlowGroupId(row.id),
            name: row.name,
            description: row.description,
            labels: row.labels,
            schedule: row.schedule,
            settings: row.settings,
            default_parameters: row.default_parameters,
            run_config: row.run_config,
            policy: policy(&row.overlap_policy, row.catch_up_seconds, row.jitter_seconds),
        }
    }
}

impl FlowGroup {
    fn columns(&self) -> flow_group::ActiveModel {
        flow_group::ActiveModel {
            name: Set(self.name.clone()),
            description: Set(self.description.clone()),
            labels: Set(self.labels.clone()),
            schedule: Set(self.schedule.clone()),
            settings: Set(self.settings.clone()),
            default_parameters: Set(self.default_parameters.clone()),
            run_config: Set(self.run_config.clone()),
            overlap_policy: Set(self.policy.overlap.as_str().to_owned()),
            catch_up_seconds: Set(self.policy.catch_up.map(|window| window.num_seconds())),
            jitter_seconds: Set(self.policy.jitter.num_seconds()),
            ..Default::default()
        }
    }
}

/// The policy of a row. Rows are written by this module alone; what else stands there counts as no wish.
pub(crate) fn policy(overlap: &str, catch_up_seconds: Option<i64>, jitter_seconds: i64) -> Policy {
    let overlap = Overlap::parse(overlap).unwrap_or_default();
    Policy::new(overlap, catch_up_seconds, jitter_seconds).unwrap_or_default()
}

/// Keeps others out of a flow group's row until the transaction ends: decisions about its runs that depend on each
/// other are made one after another. (SQLite has one writer anyway.)
pub async fn lock(tx: &TenantTx, id: FlowGroupId) -> Result<(), StorageError> {
    lock::group(tx, id).await
}

/// Adds a flow group.
pub async fn insert(tx: &TenantTx, group: &FlowGroup, now: DateTime<Utc>) -> Result<(), StorageError> {
    let row = flow_group::ActiveModel {
        id: Set(group.id.0),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant_uuid()),
        ..group.columns()
    };
    flow_group::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The flow group with this id.
pub async fn find(tx: &TenantTx, id: FlowGroupId) -> Result<Option<FlowGroup>, StorageError> {
    let select =
        flow_group::Entity::find_by_id(id.0).filter(flow_group::Column::TenantId.eq(tx.tenant_uuid()));
    let row = lock::held(tx, select).one(tx).await?;
    Ok(row.map(Into::into))
}

/// The flow group that stands for a version group.
pub async fn find_by_name(tx: &TenantTx, name: &str) -> Result<Option<FlowGroup>, StorageError> {
    let select = flow_group::Entity::find()
        .filter(flow_group::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow_group::Column::Name.eq(name));
    let row = lock::held(tx, select).one(tx).await?;
    Ok(row.map(Into::into))
}

/// Writes a flow group whose schedule was replaced or taken away.
pub async fn save_schedule(tx: &TenantTx, group: &FlowGroup, now: DateTime<Utc>) -> Result<(), StorageError> {
    let payload = json!({ "flow_group_id": group.id.to_string(), "scheduled": group.schedule.is_some() });
    tx.record(NewEvent::new(EventKind::FlowGroupScheduleChanged, now).payload(payload));
    save(tx, group, now).await
}

/// Writes a changed flow group.
pub async fn save(tx: &TenantTx, group: &FlowGroup, now: DateTime<Utc>) -> Result<(), StorageError> {
    flow_group::Entity::update_many()
        .set(flow_group::ActiveModel { updated: Set(now), ..group.columns() })
        .filter(flow_group::Column::Id.eq(group.id.0))
        .filter(flow_group::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gives a flow group the priority of its future runs; whether there is such a flow group.
pub async fn set_priority(
    tx: &TenantTx,
    id: FlowGroupId,
    priority: i64,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into(), priority.into(), now.into()];
    let rows = tx
        .query(
            "UPDATE flow_group SET priority = $3, updated = CASE WHEN priority = $3 THEN updated ELSE $4 END
              WHERE tenant_id = $1 AND id = $2 RETURNING id",
            values,
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Removes a flow group with all its versions; whether there was one.
pub async fn delete(tx: &TenantTx, id: FlowGroupId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let deleted = tx
        .query(
            "DELETE FROM flow_group WHERE tenant_id = $1 AND id = $2 RETURNING name",
            vec![tx.tenant_uuid().into(), id.0.into()],
        )
        .await?;
    let Some(row) = deleted.first() else { return Ok(false) };
    let name: String = row.try_get_by_index(0)?;
    let payload = json!({ "flow_group_id": id.to_string(), "name": name });
    tx.record(NewEvent::new(EventKind::FlowGroupDeleted, now).payload(payload));
    Ok(true)
}

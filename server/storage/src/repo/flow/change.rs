//! Changes of single columns of flows. Each touches only rows that differ, so that a repeated delivery leaves
//! `updated` alone.

use crate::{StorageError, TenantTx, entity::flow};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, UpdateMany};
use serde_json::{Value, json};
use signalbox_core::event::{EventKind, NewEvent};
use signalbox_schema::{FlowGroupId, FlowId, ProjectId};

fn update(tx: &TenantTx, row: flow::ActiveModel) -> UpdateMany<flow::Entity> {
    flow::Entity::update_many().set(row).filter(flow::Column::TenantId.eq(tx.tenant_uuid()))
}

/// Switches a flow's schedule; whether it was switched differently.
pub async fn set_schedule_active(
    tx: &TenantTx,
    flow: FlowId,
    active: bool,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    let row = flow::ActiveModel { is_schedule_active: Set(active), updated: Set(now), ..Default::default() };
    let result = update(tx, row)
        .filter(flow::Column::Id.eq(flow.0))
        .filter(flow::Column::IsScheduleActive.ne(active))
        .exec(tx)
        .await?;
    let changed = result.rows_affected > 0;
    if changed {
        let event = NewEvent::new(EventKind::FlowScheduleChanged, now).flow(flow);
        tx.record(event.payload(json!({ "active": active })));
    }
    Ok(changed)
}

/// Moves a flow to a project.
pub async fn set_project(
    tx: &TenantTx,
    flow: FlowId,
    project: ProjectId,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = flow::ActiveModel { project_id: Set(project.0), updated: Set(now), ..Default::default() };
    update(tx, row)
        .filter(flow::Column::Id.eq(flow.0))
        .filter(flow::Column::ProjectId.ne(project.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes the document of a flow.
pub async fn set_document(
    tx: &TenantTx,
    flow: FlowId,
    document: Value,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row =
        flow::ActiveModel { serialized_flow: Set(Some(document)), updated: Set(now), ..Default::default() };
    update(tx, row).filter(flow::Column::Id.eq(flow.0)).exec(tx).await?;
    Ok(())
}

/// Notes that the sender of a registration has its answer: what looks like it now is another registration.
pub async fn close_registration(tx: &TenantTx, flow: FlowId) -> Result<(), StorageError> {
    let row = flow::ActiveModel { registration_fingerprint: Set(None), ..Default::default() };
    update(tx, row)
        .filter(flow::Column::Id.eq(flow.0))
        .filter(flow::Column::RegistrationFingerprint.is_not_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes the switches that the client reads, for all versions of a group.
pub async fn set_settings_of_group(
    tx: &TenantTx,
    group: FlowGroupId,
    settings: &Value,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = flow::ActiveModel { settings: Set(settings.clone()), updated: Set(now), ..Default::default() };
    update(tx, row).filter(flow::Column::FlowGroupId.eq(group.0)).exec(tx).await?;
    Ok(())
}

/// Removes a flow with its runs; whether there was one.
pub async fn delete(tx: &TenantTx, flow: FlowId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let deleted = tx
        .query(
            "DELETE FROM flow WHERE tenant_id = $1 AND id = $2 RETURNING name, version",
            vec![tx.tenant_uuid().into(), flow.0.into()],
        )
        .await?;
    let Some(row) = deleted.first() else { return Ok(false) };
    tx.record(super::event(EventKind::FlowDeleted, flow, row, now)?);
    Ok(true)
}

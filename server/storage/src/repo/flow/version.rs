//! Which versions a flow group has.

use crate::{
    StorageError, TenantTx,
    entity::{flow, flow_run},
};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use signalbox_schema::{FlowGroupId, FlowId, ProjectId};
use uuid::Uuid;

/// The newest version of a group.
#[derive(Debug, Clone, Copy)]
pub struct Newest {
    /// Its id.
    pub id: FlowId,
    /// Its number.
    pub version: i64,
    /// Whether it was put away.
    pub archived: bool,
    /// When it was registered.
    pub created: DateTime<Utc>,
    /// The fingerprint of the registration, while a repeated delivery of it may come.
    pub fingerprint: Option<i64>,
}

/// The columns of [`Newest`], in its order.
type NewestRow = (Uuid, i64, bool, DateTime<Utc>, Option<i64>);

/// The version group of the flow of this name that was registered last in a project.
pub async fn version_group(
    tx: &TenantTx,
    project: ProjectId,
    name: &str,
) -> Result<Option<String>, StorageError> {
    Ok(flow::Entity::find()
        .select_only()
        .column(flow::Column::VersionGroupId)
        .filter(flow::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow::Column::ProjectId.eq(project.0))
        .filter(flow::Column::Name.eq(name))
        .order_by_desc(flow::Column::Created)
        .order_by_desc(flow::Column::Version)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?)
}

/// The version of a group with the highest number.
pub async fn newest(tx: &TenantTx, group: FlowGroupId) -> Result<Option<Newest>, StorageError> {
    let row: Option<NewestRow> = flow::Entity::find()
        .select_only()
        .columns([
            flow::Column::Id,
            flow::Column::Version,
            flow::Column::Archived,
            flow::Column::Created,
            flow::Column::RegistrationFingerprint,
        ])
        .filter(flow::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow::Column::FlowGroupId.eq(group.0))
        .order_by_desc(flow::Column::Version)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(row.map(|(id, version, archived, created, fingerprint)| Newest {
        id: FlowId(id),
        version,
        archived,
        created,
        fingerprint,
    }))
}

/// The newest version of a group that was not put away.
pub async fn current(tx: &TenantTx, group: FlowGroupId) -> Result<Option<FlowId>, StorageError> {
    Ok(unarchived(tx, group).await?.first().copied())
}

/// The versions of a group that were not put away, newest first.
pub async fn unarchived(tx: &TenantTx, group: FlowGroupId) -> Result<Vec<FlowId>, StorageError> {
    let ids: Vec<Uuid> = flow::Entity::find()
        .select_only()
        .column(flow::Column::Id)
        .filter(flow::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow::Column::FlowGroupId.eq(group.0))
        .filter(flow::Column::Archived.eq(false))
        .order_by_desc(flow::Column::Version)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.into_iter().map(FlowId).collect())
}

/// Whether a flow has any run that its schedule did not make.
pub async fn has_ad_hoc_runs(tx: &TenantTx, flow: FlowId) -> Result<bool, StorageError> {
    let id: Option<Uuid> = flow_run::Entity::find()
        .select_only()
        .column(flow_run::Column::Id)
        .filter(flow_run::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow_run::Column::FlowId.eq(flow.0))
        .filter(flow_run::Column::AutoScheduled.eq(false))
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(id.is_some())
}

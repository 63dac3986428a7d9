//! Flows: registered versions.

mod archive;
mod change;
mod insert;
mod version;

pub use archive::{archive, waiting_ad_hoc};
pub use change::{
    close_registration, delete, set_document, set_project, set_schedule_active, set_settings_of_group,
};
pub use insert::{NewFlow, insert};
pub use version::{Newest, current, has_ad_hoc_runs, newest, unarchived, version_group};

use crate::{StorageError, TenantTx, entity::flow, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryResult};
use serde_json::{Value, json};
use signalbox_core::event::{EventKind, NewEvent};
use signalbox_schema::{FlowGroupId, FlowId, ProjectId};

/// A registered version.
#[derive(Debug)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// Where it lies.
    pub project: ProjectId,
    /// What it is a version of.
    pub group: FlowGroupId,
    /// Whether it was put away.
    pub archived: bool,
    /// Whether its schedule makes runs.
    pub is_schedule_active: bool,
    /// Its own schedule, as serialized.
    pub schedule: Option<Value>,
    /// Its declared parameters (a list).
    pub parameters: Value,
    /// The document it was registered with, tasks and edges included.
    pub document: Option<Value>,
}

/// An event about a version of a flow, of a row of its name and version.
fn event(
    kind: EventKind,
    id: FlowId,
    row: &QueryResult,
    now: DateTime<Utc>,
) -> Result<NewEvent, StorageError> {
    let (name, version): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok(NewEvent::new(kind, now).flow(id).payload(json!({ "name": name, "version": version })))
}

/// The flow with this id. In a transaction its group is held with it, for what changes about either.
pub async fn find(tx: &TenantTx, id: FlowId) -> Result<Option<Flow>, StorageError> {
    lock::groups_of(tx, &[id]).await?;
    let row =
        flow::Entity::find_by_id(id.0).filter(flow::Column::TenantId.eq(tx.tenant_uuid())).one(tx).await?;
    Ok(row.map(|row| Flow {
        id: FlowId(row.id),
        project: ProjectId(row.project_id),
        group: FlowGroupId(row.flow_group_id),
        archived: row.archived,
        is_schedule_active: row.is_schedule_active,
        schedule: row.schedule,
        parameters: row.parameters,
        document: row.serialized_flow,
    }))
}

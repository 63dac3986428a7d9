//! Adds a flow.

use crate::{StorageError, TenantTx, entity::flow};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use signalbox_core::{
    event::{EventKind, NewEvent},
    flow::FlowSpec,
};
use signalbox_schema::{FlowGroupId, FlowId, ProjectId};

/// A flow to add.
#[derive(Debug)]
pub struct NewFlow<'a> {
    /// Its id.
    pub id: FlowId,
    /// Where it lies.
    pub project: ProjectId,
    /// What it is a version of.
    pub group: FlowGroupId,
    /// Name of the group.
    pub version_group: &'a str,
    /// Its number within the group.
    pub version: i64,
    /// What was registered.
    pub spec: &'a FlowSpec,
    /// The document to keep.
    pub document: Value,
    /// What it is for.
    pub description: Option<String>,
    /// Switches that the client reads.
    pub settings: Value,
    /// The version of the library that registered it.
    pub core_version: Option<String>,
    /// Whether its schedule makes runs.
    pub is_schedule_active: bool,
    /// By what a repeated delivery of a registration without a key is known.
    pub fingerprint: Option<i64>,
}

/// Adds a flow (without its tasks and edges).
pub async fn insert(tx: &TenantTx, new: NewFlow<'_>, now: DateTime<Utc>) -> Result<(), StorageError> {
    let payload = json!({ "name": new.spec.name, "version": new.version });
    tx.record(NewEvent::new(EventKind::FlowRegistered, now).flow(new.id).payload(payload));
    let row = flow::ActiveModel {
        id: Set(new.id.0),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant_uuid()),
        project_id: Set(new.project.0),
        flow_group_id: Set(new.group.0),
        version_group_id: Set(new.version_group.to_owned()),
        version: Set(new.version),
        name: Set(new.spec.name.clone()),
        description: Set(new.description),
        environment: Set(new.spec.environment.clone()),
        run_config: Set(new.spec.run_config.clone()),
        parameters: Set(new.spec.parameters.clone()),
        storage: Set(new.spec.storage.clone()),
        settings: Set(new.settings),
        serialized_flow: Set(Some(new.document)),
        schedule: Set(new.spec.schedule.clone()),
        core_version: Set(new.core_version),
        archived: Set(false),
        is_schedule_active: Set(new.is_schedule_active),
        registration_fingerprint: Set(new.fingerprint),
        planned_until: Set(None),
    };
    flow::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

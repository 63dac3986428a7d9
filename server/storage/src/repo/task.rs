//! Tasks of flow versions.

use super::insert;
use crate::{StorageError, TenantTx, entity::task};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use signalbox_core::flow::{Roles, TaskSpec};
use signalbox_schema::{FlowId, TaskId};
use std::collections::HashMap;
use uuid::Uuid;

/// Most ids in one statement.
const PIECE: usize = 500;

/// A task, as far as the graph is concerned.
#[derive(Debug)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Unique within the flow.
    pub slug: String,
    /// Its place in the graph, as stored.
    pub roles: Roles,
}

/// Adds tasks; those whose slug the flow has already are left as they are. How many were added.
pub async fn insert_new(
    tx: &TenantTx,
    flow: FlowId,
    tasks: &[(TaskId, &TaskSpec)],
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let rows = tasks
        .iter()
        .map(|(id, spec)| task::ActiveModel {
            id: Set(id.0),
            created: Set(now),
            updated: Set(now),
            tenant_id: Set(tx.tenant_uuid()),
            flow_id: Set(flow.0),
            name: Set(Some(spec.name.clone())),
            slug: Set(spec.slug.clone()),
            description: Set(spec.description.clone()),
            kind: Set(spec.kind.clone()),
            max_retries: Set(Some(spec.max_retries)),
            retry_delay: Set(spec.retry_delay),
            trigger: Set(spec.trigger.clone()),
            mapped: Set(false),
            auto_generated: Set(spec.auto_generated),
            cache_key: Set(spec.cache_key.clone()),
            is_root_task: Set(false),
            is_terminal_task: Set(false),
            is_reference_task: Set(false),
            tags: Set(spec.tags.clone()),
        })
        .collect();
    insert::new_rows(tx, rows).await
}

/// All tasks of a flow.
pub async fn of_flow(tx: &TenantTx, flow: FlowId) -> Result<Vec<Task>, StorageError> {
    let rows: Vec<(Uuid, String, bool, bool, bool, bool)> = task::Entity::find()
        .select_only()
        .columns([
            task::Column::Id,
            task::Column::Slug,
            task::Column::IsRootTask,
            task::Column::IsTerminalTask,
            task::Column::IsReferenceTask,
            task::Column::Mapped,
        ])
        .filter(task::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(task::Column::FlowId.eq(flow.0))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, slug, root, terminal, reference, mapped)| Task {
            id: TaskId(id),
            slug,
            roles: Roles { root, terminal, reference, mapped },
        })
        .collect())
}

/// Writes the places of tasks in the graph.
pub async fn set_roles(
    tx: &TenantTx,
    changed: impl IntoIterator<Item = (TaskId, Roles)>,
) -> Result<(), StorageError> {
    let mut alike: HashMap<Roles, Vec<Uuid>> = HashMap::new();
    for (id, roles) in changed {
        alike.entry(roles).or_default().push(id.0);
    }
    for (roles, ids) in alike {
        for ids in ids.chunks(PIECE) {
            task::Entity::update_many()
                .set(task::ActiveModel {
                    is_root_task: Set(roles.root),
                    is_terminal_task: Set(roles.terminal),
                    is_reference_task: Set(roles.reference),
                    mapped: Set(roles.mapped),
                    ..Default::default()
                })
                .filter(task::Column::TenantId.eq(tx.tenant_uuid()))
                .filter(task::Column::Id.is_in(ids.iter().copied()))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

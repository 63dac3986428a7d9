//! Edges of flow versions.

use super::insert;
use crate::{StorageError, TenantTx, entity::edge};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use signalbox_schema::{EdgeId, FlowId, TaskId};
use uuid::Uuid;

/// An edge to add.
#[derive(Debug)]
pub struct NewEdge {
    /// Its id.
    pub id: EdgeId,
    /// The task that comes first.
    pub upstream: TaskId,
    /// The task that waits.
    pub downstream: TaskId,
    /// The argument that the upstream's result becomes.
    pub key: Option<String>,
    /// Whether the downstream task maps over it.
    pub mapped: bool,
}

/// An edge, as far as the graph is concerned.
#[derive(Debug)]
pub struct Edge {
    /// The task that comes first.
    pub upstream: TaskId,
    /// The task that waits.
    pub downstream: TaskId,
    /// Whether the downstream task maps over it.
    pub mapped: bool,
}

/// Adds edges; those that the flow has already are left as they are. How many were added.
pub async fn insert_new(
    tx: &TenantTx,
    flow: FlowId,
    edges: Vec<NewEdge>,
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let rows = edges
        .into_iter()
        .map(|new| edge::ActiveModel {
            id: Set(new.id.0),
            created: Set(now),
            updated: Set(now),
            tenant_id: Set(tx.tenant_uuid()),
            flow_id: Set(flow.0),
            upstream_task_id: Set(new.upstream.0),
            downstream_task_id: Set(new.downstream.0),
            key: Set(new.key),
            mapped: Set(new.mapped),
        })
        .collect();
    insert::new_rows(tx, rows).await
}

/// All edges of a flow.
pub async fn of_flow(tx: &TenantTx, flow: FlowId) -> Result<Vec<Edge>, StorageError> {
    let rows: Vec<(Uuid, Uuid, bool)> = edge::Entity::find()
        .select_only()
        .columns([edge::Column::UpstreamTaskId, edge::Column::DownstreamTaskId, edge::Column::Mapped])
        .filter(edge::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(edge::Column::FlowId.eq(flow.0))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(upstream, downstream, mapped)| Edge {
            upstream: TaskId(upstream),
            downstream: TaskId(downstream),
            mapped,
        })
        .collect())
}

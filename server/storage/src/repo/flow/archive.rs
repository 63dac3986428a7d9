//! Puts flows away, and what was planned for them.

use crate::{StorageError, TenantTx, entity::flow_run};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use signalbox_core::event::EventKind;
use signalbox_schema::{FlowId, FlowRunId, StateType};
use uuid::Uuid;

/// Puts a flow away; whether it was not before.
pub async fn archive(tx: &TenantTx, flow: FlowId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let archived = tx
        .query(
            "UPDATE flow SET archived = $4, updated = $3
              WHERE tenant_id = $1 AND id = $2 AND archived <> $4 RETURNING name, version",
            vec![tx.tenant_uuid().into(), flow.0.into(), now.into(), true.into()],
        )
        .await?;
    let Some(row) = archived.first() else { return Ok(false) };
    tx.record(super::event(EventKind::FlowArchived, flow, row, now)?);
    Ok(true)
}

/// The waiting runs of a flow that somebody made.
pub async fn waiting_ad_hoc(tx: &TenantTx, flow: FlowId) -> Result<Vec<FlowRunId>, StorageError> {
    let ids: Vec<Uuid> = flow_run::Entity::find()
        .select_only()
        .column(flow_run::Column::Id)
        .filter(flow_run::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow_run::Column::FlowId.eq(flow.0))
        .filter(flow_run::Column::State.eq(StateType::Scheduled.as_str()))
        .filter(flow_run::Column::AutoScheduled.eq(false))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.into_iter().map(FlowRunId).collect())
}

//! Puts flows away, and what was planned for them.

use crate::{
    StorageError, TenantTx,
    entity::{flow, flow_run},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use signalbox_schema::{FlowId, FlowRunId, StateType};
use uuid::Uuid;

/// Puts a flow away; whether it was not before.
pub async fn archive(tx: &TenantTx, flow: FlowId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let result = flow::Entity::update_many()
        .set(flow::ActiveModel { archived: Set(true), updated: Set(now), ..Default::default() })
        .filter(flow::Column::Id.eq(flow.0))
        .filter(flow::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(flow::Column::Archived.eq(false))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

/// The runs of a flow that wait for their time, made by its schedule or by somebody.
fn waiting(tx: &TenantTx, flow: FlowId, auto_scheduled: bool) -> Condition {
    Condition::all()
        .add(flow_run::Column::TenantId.eq(tx.tenant_uuid()))
        .add(flow_run::Column::FlowId.eq(flow.0))
        .add(flow_run::Column::State.eq(StateType::Scheduled.as_str()))
        .add(flow_run::Column::AutoScheduled.eq(auto_scheduled))
}

/// Removes the waiting runs that a flow's schedule made; how many.
pub async fn delete_auto_scheduled(tx: &TenantTx, flow: FlowId) -> Result<u64, StorageError> {
    let result = flow_run::Entity::delete_many().filter(waiting(tx, flow, true)).exec(tx).await?;
    Ok(result.rows_affected)
}

/// The waiting runs of a flow that somebody made.
pub async fn waiting_ad_hoc(tx: &TenantTx, flow: FlowId) -> Result<Vec<FlowRunId>, StorageError> {
    let ids: Vec<Uuid> = flow_run::Entity::find()
        .select_only()
        .column(flow_run::Column::Id)
        .filter(waiting(tx, flow, false))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.into_iter().map(FlowRunId).collect())
}

//! Artifacts of task runs.

use crate::{StorageError, TenantTx, dialect, entity::task_run_artifact as artifact, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use signalbox_schema::{ArtifactId, TaskRunId};

/// An artifact to add.
#[derive(Debug)]
pub struct NewArtifact {
    /// Its id.
    pub id: ArtifactId,
    /// The task run that made it.
    pub task_run: TaskRunId,
    /// What it is: `link` or `markdown`.
    pub kind: String,
    /// What it says.
    pub data: Value,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Adds an artifact.
pub async fn insert(tx: &TenantTx, new: &NewArtifact) -> Result<(), StorageError> {
    let row = artifact::ActiveModel {
        id: Set(new.id.0),
        created: Set(new.now),
        updated: Set(new.now),
        tenant_id: Set(tx.tenant_uuid()),
        task_run_id: Set(new.task_run.0),
        kind: Set(new.kind.clone()),
        data: Set(Some(new.data.clone())),
    };
    artifact::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The artifact of the same task run, kind and content that was made at `since` or later.
pub async fn find_same(
    tx: &TenantTx,
    new: &NewArtifact,
    since: DateTime<Utc>,
) -> Result<Option<ArtifactId>, StorageError> {
    // Two deliveries at once must not both find nothing.
    lock::task_runs(tx, &[new.task_run]).await?;
    let rows = artifact::Entity::find()
        .filter(artifact::Column::TenantId.eq(tx.tenant_uuid()))
        .filter(artifact::Column::TaskRunId.eq(new.task_run.0))
        .filter(artifact::Column::Kind.eq(new.kind.as_str()))
        .filter(artifact::Column::Created.gte(since))
        .order_by_desc(artifact::Column::Created)
        .all(tx)
        .await?;
    let data = dialect::storable_json(&new.data);
    let same = rows.into_iter().find(|row| row.data.as_ref() == Some(&*data));
    Ok(same.map(|row| ArtifactId(row.id)))
}

/// What an artifact says; `None` when there is no such artifact.
pub async fn data(tx: &TenantTx, id: ArtifactId) -> Result<Option<Value>, StorageError> {
    let select = artifact::Entity::find_by_id(id.0).filter(artifact::Column::TenantId.eq(tx.tenant_uuid()));
    let row = lock::held(tx, select).one(tx).await?;
    Ok(row.map(|row| row.data.unwrap_or_default()))
}

/// Writes what an artifact says.
pub async fn set_data(
    tx: &TenantTx,
    id: ArtifactId,
    data: &Value,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    artifact::Entity::update_many()
        .set(artifact::ActiveModel { data: Set(Some(data.clone())), updated: Set(now), ..Default::default() })
        .filter(artifact::Column::Id.eq(id.0))
        .filter(artifact::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Removes an artifact; whether there was one.
pub async fn delete(tx: &TenantTx, id: ArtifactId) -> Result<bool, StorageError> {
    let result = artifact::Entity::delete_many()
        .filter(artifact::Column::Id.eq(id.0))
        .filter(artifact::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

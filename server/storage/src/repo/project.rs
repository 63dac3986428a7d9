//! Projects.

use crate::{StorageError, TenantTx, entity::project, repo::lock};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, Select};
use signalbox_schema::ProjectId;

/// A project to add.
#[derive(Debug)]
pub struct NewProject {
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What can be changed about a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

fn by_id(tx: &TenantTx, id: ProjectId) -> Select<project::Entity> {
    project::Entity::find_by_id(id.0).filter(project::Column::TenantId.eq(tx.tenant_uuid()))
}

/// Adds a project; a unique violation when the tenant has one of this name.
pub async fn insert(tx: &TenantTx, new: &NewProject) -> Result<(), StorageError> {
    let row = project::ActiveModel {
        id: Set(new.id.0),
        created: Set(new.now),
        updated: Set(new.now),
        tenant_id: Set(tx.tenant_uuid()),
        name: Set(new.name.clone()),
        description: Set(new.description.clone()),
    };
    project::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The project with this id.
pub async fn find(tx: &TenantTx, id: ProjectId) -> Result<Option<Project>, StorageError> {
    let row = lock::held(tx, by_id(tx, id)).one(tx).await?;
    Ok(row.map(|row| Project { name: row.name, description: row.description }))
}

/// Writes a changed project.
pub async fn save(
    tx: &TenantTx,
    id: ProjectId,
    project: &Project,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let row = project::ActiveModel {
        name: Set(project.name.clone()),
        description: Set(project.description.clone()),
        updated: Set(now),
        ..Default::default()
    };
    project::Entity::update_many()
        .set(row)
        .filter(project::Column::Id.eq(id.0))
        .filter(project::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Removes a project with everything in it; whether there was one.
pub async fn delete(tx: &TenantTx, id: ProjectId) -> Result<bool, StorageError> {
    let result = project::Entity::delete_many()
        .filter(project::Column::Id.eq(id.0))
        .filter(project::Column::TenantId.eq(tx.tenant_uuid()))
        .exec(tx)
        .await?;
    Ok(result.rows_affected > 0)
}

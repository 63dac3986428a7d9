//! Mutations of projects.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::ProjectId;
use signalbox_services::projects::{self, Change};
use uuid::Uuid;

/// A project to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_project_input", rename_fields = "snake_case")]
struct CreateProjectInput {
    /// Its name, unique in the tenant.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The tenant it shall be in; the request's own, if absent.
    tenant_id: Option<Uuid>,
}

/// A project to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_project_input", rename_fields = "snake_case")]
struct DeleteProjectInput {
    /// Its id.
    project_id: Uuid,
}

/// A project to rename.
#[derive(Debug, InputObject)]
#[graphql(name = "set_project_name_input", rename_fields = "snake_case")]
struct SetProjectNameInput {
    /// Its id.
    project_id: Uuid,
    /// Its new name.
    name: String,
}

/// A project to describe.
#[derive(Debug, InputObject)]
#[graphql(name = "set_project_description_input", rename_fields = "snake_case")]
struct SetProjectDescriptionInput {
    /// Its id.
    project_id: Uuid,
    /// What it is for; null removes the description.
    description: Option<String>,
}

/// Mutations of projects.
#[derive(Debug, Default)]
pub struct ProjectMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ProjectMutation {
    /// Makes a project.
    async fn create_project(&self, ctx: &Context<'_>, input: CreateProjectInput) -> Result<IdPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        let command = projects::CreateProject { name: input.name, description: input.description };
        Ok(projects::create(ctx.services()?, &access, command).await?.0.into())
    }

    /// Deletes a project with its flows and their runs.
    async fn delete_project(&self, ctx: &Context<'_>, input: DeleteProjectInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(projects::delete(ctx.services()?, &access, ProjectId(input.project_id)).await?.into())
    }

    /// Renames a project.
    async fn set_project_name(&self, ctx: &Context<'_>, input: SetProjectNameInput) -> Result<IdPayload> {
        update(ctx, input.project_id, Change::Name(input.name)).await
    }

    /// Describes a project.
    async fn set_project_description(
        &self,
        ctx: &Context<'_>,
        input: SetProjectDescriptionInput,
    ) -> Result<IdPayload> {
        update(ctx, input.project_id, Change::Description(input.description)).await
    }
}

async fn update(ctx: &Context<'_>, id: Uuid, change: Change) -> Result<IdPayload> {
    let access = ctx.access()?;
    projects::update(ctx.services()?, &access, ProjectId(id), change).await?;
    Ok(id.into())
}

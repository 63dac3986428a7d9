//! Mutations of artifacts.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_schema::{ArtifactId, TaskRunId};
use signalbox_services::task_run_artifacts::{self, CreateArtifact};
use uuid::Uuid;

/// An artifact to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_task_run_artifact_input", rename_fields = "snake_case")]
struct CreateTaskRunArtifactInput {
    /// The task run that makes it.
    task_run_id: Uuid,
    /// What it is: `link` or `markdown`.
    kind: String,
    /// What it says: `{"link": …}` or `{"markdown": …}`.
    data: Value,
    /// The tenant of the task run; the request's own, if absent.
    tenant_id: Option<Uuid>,
}

/// An artifact to change.
#[derive(Debug, InputObject)]
#[graphql(name = "update_task_run_artifact_input", rename_fields = "snake_case")]
struct UpdateTaskRunArtifactInput {
    /// Its id.
    task_run_artifact_id: Uuid,
    /// What it shall say.
    data: Value,
}

/// An artifact to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_task_run_artifact_input", rename_fields = "snake_case")]
struct DeleteTaskRunArtifactInput {
    /// Its id.
    task_run_artifact_id: Uuid,
}

/// Mutations of artifacts.
#[derive(Debug, Default)]
pub struct TaskRunArtifactMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl TaskRunArtifactMutation {
    /// Makes an artifact of a task run.
    async fn create_task_run_artifact(
        &self,
        ctx: &Context<'_>,
        input: CreateTaskRunArtifactInput,
    ) -> Result<IdPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        let command =
            CreateArtifact { task_run: TaskRunId(input.task_run_id), kind: input.kind, data: input.data };
        Ok(task_run_artifacts::create(ctx.services()?, &access, command).await?.0.into())
    }

    /// Changes what an artifact says.
    async fn update_task_run_artifact(
        &self,
        ctx: &Context<'_>,
        input: UpdateTaskRunArtifactInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = ArtifactId(input.task_run_artifact_id);
        task_run_artifacts::update(ctx.services()?, &access, id, input.data).await?;
        Ok(true.into())
    }

    /// Deletes an artifact.
    async fn delete_task_run_artifact(
        &self,
        ctx: &Context<'_>,
        input: DeleteTaskRunArtifactInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let id = ArtifactId(input.task_run_artifact_id);
        Ok(task_run_artifacts::delete(ctx.services()?, &access, id).await?.into())
    }
}

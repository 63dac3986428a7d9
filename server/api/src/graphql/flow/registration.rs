//! Mutations that register flows.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_schema::{FlowId, ProjectId};
use signalbox_services::flows::{self, CreateFlow};
use uuid::Uuid;

/// A flow to register.
#[derive(Debug, InputObject)]
#[graphql(name = "create_flow_input", rename_fields = "snake_case")]
struct CreateFlowInput {
    /// The project it shall lie in.
    project_id: Uuid,
    /// The flow as the client serializes it.
    serialized_flow: Value,
    /// Whether its schedule, if it has one, shall make runs (default: yes).
    set_schedule_active: Option<bool>,
    /// What it is a version of; that of the project's last flow of the same name, if absent.
    version_group_id: Option<String>,
    /// The key under which a registration of the same content is known.
    idempotency_key: Option<String>,
    /// What it is for.
    description: Option<String>,
}

/// A flow to register, compressed.
#[derive(Debug, InputObject)]
#[graphql(name = "create_flow_from_compressed_string_input", rename_fields = "snake_case")]
struct CreateFlowFromCompressedStringInput {
    /// The project it shall lie in.
    project_id: Uuid,
    /// The flow as the client serializes it: base64 of gzip of JSON.
    serialized_flow: String,
    /// Whether its schedule, if it has one, shall make runs (default: yes).
    set_schedule_active: Option<bool>,
    /// What it is a version of; that of the project's last flow of the same name, if absent.
    version_group_id: Option<String>,
    /// The key under which a registration of the same content is known.
    idempotency_key: Option<String>,
    /// What it is for.
    description: Option<String>,
}

/// Tasks of a flow.
#[derive(Debug, InputObject)]
#[graphql(name = "register_tasks_input", rename_fields = "snake_case")]
struct RegisterTasksInput {
    /// The flow.
    flow_id: Uuid,
    /// A list of tasks as the client serializes them.
    serialized_tasks: Value,
}

/// Edges of a flow.
#[derive(Debug, InputObject)]
#[graphql(name = "register_edges_input", rename_fields = "snake_case")]
struct RegisterEdgesInput {
    /// The flow.
    flow_id: Uuid,
    /// A list of edges as the client serializes them.
    serialized_edges: Value,
}

/// Mutations that register flows.
#[derive(Debug, Default)]
pub struct RegistrationMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl RegistrationMutation {
    /// Registers a version of a flow and puts the older ones away.
    async fn create_flow(&self, ctx: &Context<'_>, input: CreateFlowInput) -> Result<IdPayload> {
        create(ctx, input).await
    }

    /// The same with a compressed flow.
    async fn create_flow_from_compressed_string(
        &self,
        ctx: &Context<'_>,
        input: CreateFlowFromCompressedStringInput,
    ) -> Result<IdPayload> {
        let input = CreateFlowInput {
            project_id: input.project_id,
            serialized_flow: flows::decompress(&input.serialized_flow)?,
            set_schedule_active: input.set_schedule_active,
            version_group_id: input.version_group_id,
            idempotency_key: input.idempotency_key,
            description: input.description,
        };
        create(ctx, input).await
    }

    /// Adds tasks to a flow.
    async fn register_tasks(&self, ctx: &Context<'_>, input: RegisterTasksInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        flows::register_tasks(ctx.services()?, &access, FlowId(input.flow_id), &input.serialized_tasks)
            .await?;
        Ok(true.into())
    }

    /// Adds edges to a flow.
    async fn register_edges(&self, ctx: &Context<'_>, input: RegisterEdgesInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        flows::register_edges(ctx.services()?, &access, FlowId(input.flow_id), &input.serialized_edges)
            .await?;
        Ok(true.into())
    }
}

async fn create(ctx: &Context<'_>, input: CreateFlowInput) -> Result<IdPayload> {
    let access = ctx.access()?;
    let command = CreateFlow {
        project: ProjectId(input.project_id),
        serialized_flow: input.serialized_flow,
        version_group: input.version_group_id,
        set_schedule_active: input.set_schedule_active.unwrap_or(true),
        description: input.description,
        idempotency_key: input.idempotency_key,
        core_version: ctx.core_version(),
    };
    Ok(flows::create(ctx.services()?, &access, command).await?.0.into())
}

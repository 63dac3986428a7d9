//! Mutations of agents' settings.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_services::agent_configs::{self, UpdateAgentConfig};
use uuid::Uuid;

/// Settings to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_agent_config_input", rename_fields = "snake_case")]
struct CreateAgentConfigInput {
    /// What people call them.
    name: Option<String>,
    /// The settings (an object; empty, if absent).
    settings: Option<Value>,
    /// The tenant they belong to; the request's own, if absent.
    tenant_id: Option<Uuid>,
}

/// Settings to change.
#[derive(Debug, InputObject)]
#[graphql(name = "update_agent_config_input", rename_fields = "snake_case")]
struct UpdateAgentConfigInput {
    /// Their id.
    agent_config_id: Uuid,
    /// What people shall call them; as before, if absent.
    name: Option<String>,
    /// The settings; as before, if absent.
    settings: Option<Value>,
}

/// Settings to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_agent_config_input", rename_fields = "snake_case")]
struct DeleteAgentConfigInput {
    /// Their id.
    agent_config_id: Uuid,
}

/// Mutations of agents' settings.
#[derive(Debug, Default)]
pub struct AgentConfigMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl AgentConfigMutation {
    /// Makes settings that agents fetch by id.
    async fn create_agent_config(
        &self,
        ctx: &Context<'_>,
        input: CreateAgentConfigInput,
    ) -> Result<IdPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        Ok(agent_configs::create(ctx.services()?, &access, input.name, input.settings).await?.into())
    }

    /// Changes settings of agents.
    async fn update_agent_config(
        &self,
        ctx: &Context<'_>,
        input: UpdateAgentConfigInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let command =
            UpdateAgentConfig { id: input.agent_config_id, name: input.name, settings: input.settings };
        agent_configs::update(ctx.services()?, &access, command).await?;
        Ok(true.into())
    }

    /// Deletes settings of agents.
    async fn delete_agent_config(
        &self,
        ctx: &Context<'_>,
        input: DeleteAgentConfigInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(agent_configs::delete(ctx.services()?, &access, input.agent_config_id).await?.into())
    }
}

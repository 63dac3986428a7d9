//! Mutations of agents.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_schema::AgentId;
use signalbox_services::agents;
use uuid::Uuid;

/// An agent that reports for work.
#[derive(Debug, InputObject)]
#[graphql(name = "register_agent_input", rename_fields = "snake_case")]
struct RegisterAgentInput {
    /// Its kind, e.g. `LocalAgent`.
    #[graphql(name = "type")]
    kind: String,
    /// What people call it; `agent`, if absent.
    name: Option<String>,
    /// Its labels.
    labels: Option<Vec<String>>,
    /// The tenant whose runs it takes; the request's own, if absent.
    tenant_id: Option<Uuid>,
    /// Id of the settings it fetches.
    agent_config_id: Option<Uuid>,
}

/// An agent to forget.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_agent_input", rename_fields = "snake_case")]
struct DeleteAgentInput {
    /// Its id.
    agent_id: Uuid,
}

/// Mutations of agents.
#[derive(Debug, Default)]
pub struct AgentMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl AgentMutation {
    /// Registers an agent. The same kind, name, version and labels are the same agent.
    async fn register_agent(&self, ctx: &Context<'_>, input: RegisterAgentInput) -> Result<IdPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        let command = agents::RegisterAgent {
            kind: input.kind,
            name: input.name.unwrap_or_else(|| "agent".to_owned()),
            labels: input.labels.unwrap_or_default(),
            config: input.agent_config_id,
            core_version: ctx.core_version(),
        };
        Ok(agents::register(ctx.services()?, &access, command).await?.0.into())
    }

    /// Forgets an agent; its runs stay, without it.
    async fn delete_agent(&self, ctx: &Context<'_>, input: DeleteAgentInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(agents::delete(ctx.services()?, &access, AgentId(input.agent_id)).await?.into())
    }
}

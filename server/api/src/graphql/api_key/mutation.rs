//! Mutations of API keys.

use crate::graphql::{context::RequestContext, payload::SuccessPayload, scalar::Timestamp};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use signalbox_core::access::Role;
use signalbox_schema::ApiKeyId;
use signalbox_services::{ServiceError, api_keys};
use uuid::Uuid;

/// A key to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_api_key_input", rename_fields = "snake_case")]
struct CreateApiKeyInput {
    /// What people call it.
    name: String,
    /// What its holder may do: viewer, operator (default), admin or agent.
    role: Option<String>,
    /// When it ends; never, if absent.
    expires_at: Option<Timestamp>,
    /// The tenant it opens; the request's own, if absent.
    tenant_id: Option<Uuid>,
    /// Sent by the Prefect CLI; there are no users here, so it is not used.
    user_id: Option<Uuid>,
}

/// A key to revoke.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_api_key_input", rename_fields = "snake_case")]
struct DeleteApiKeyInput {
    /// Its id.
    key_id: Uuid,
}

/// A new key.
#[derive(Debug, SimpleObject)]
#[graphql(name = "create_api_key_payload", rename_fields = "snake_case")]
struct CreateApiKeyPayload {
    /// Its public id.
    id: Uuid,
    /// The key itself, shown this once.
    key: String,
}

/// Mutations of API keys.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ApiKeyMutation {
    /// Makes an API key. The answer is the only time that it is shown.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        let role = input.role.as_deref().unwrap_or("operator");
        let role = Role::parse(role).ok_or_else(|| {
            ServiceError::invalid(format!(
                "role must be viewer, agent, operator or admin; it is \"{}\"",
                role.chars().take(40).collect::<String>()
            ))
        })?;
        let command = api_keys::CreateApiKey {
            name: input.name,
            role,
            expires_at: input.expires_at.map(|time| time.0),
        };
        let created = api_keys::create(ctx.services()?, &access, command).await?;
        Ok(CreateApiKeyPayload { id: created.id.0, key: created.key })
    }

    /// Revokes an API key. It stops working within seconds.
    async fn delete_api_key(&self, ctx: &Context<'_>, input: DeleteApiKeyInput) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(api_keys::delete(ctx.services()?, &access, ApiKeyId(input.key_id)).await?.into())
    }
}

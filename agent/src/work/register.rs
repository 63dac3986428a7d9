//! Making the agent known to the server, for as long as that takes.

use signalbox_client::{Backoff, Client, ClientError, operations};
use signalbox_schema::{AgentId, TenantId};

use crate::AgentConfig;

/// Who the agent is to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) agent_id: AgentId,
    pub(crate) tenant_id: TenantId,
}

/// Registers, waiting out a server that cannot be reached.
///
/// # Errors
/// When the server refuses: no tenant, a wrong key, a right that is missing.
pub(crate) async fn register(
    client: &Client,
    config: &AgentConfig,
    agent_type: &'static str,
) -> Result<Identity, ClientError> {
    let mut backoff = Backoff::default();
    let mut away = false;
    loop {
        match attempt(client, config, agent_type).await {
            Ok(identity) => {
                tracing::info!(
                    agent.id = %identity.agent_id,
                    tenant.id = %identity.tenant_id,
                    labels = ?config.labels.as_slice(),
                    "registered"
                );
                return Ok(identity);
            }
            Err(error) if error.is_retryable() => {
                if !away {
                    tracing::warn!(%error, "the API does not answer; trying again until it does");
                }
                away = true;
                tokio::time::sleep(backoff.next(error.retry_after())).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn attempt(
    client: &Client,
    config: &AgentConfig,
    agent_type: &'static str,
) -> Result<Identity, ClientError> {
    let tenant_id = match config.client.tenant_id {
        Some(tenant_id) => tenant_id.into(),
        None => operations::default_tenant(client)
            .await?
            .ok_or_else(|| ClientError::Config("the API answers no tenant for this agent".into()))?,
    };
    let agent = operations::RegisterAgent {
        agent_type,
        name: config.name.clone(),
        labels: config.labels.clone(),
        tenant_id,
    };
    let agent_id = operations::register_agent(client, &agent).await?;
    Ok(Identity { agent_id, tenant_id })
}

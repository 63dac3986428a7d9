//! Makes the agent known. Asking again with the same name, type and labels answers the same id.

use serde::{Deserialize, Serialize};
use signalbox_schema::{AgentId, LabelSet, TenantId};

use super::Input;
use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str = include_str!("../../../../schema/operations/agent/register_agent.graphql");

/// What an agent says about itself.
#[derive(Debug, Clone, Serialize)]
pub struct RegisterAgent {
    /// Which run configs it can start, in Prefect's names: `LocalAgent`, `DockerAgent`, …
    #[serde(rename = "type")]
    pub agent_type: &'static str,
    /// Its name, for people.
    pub name: String,
    /// Its labels.
    pub labels: LabelSet,
    /// The tenant whose runs it takes.
    pub tenant_id: TenantId,
}

#[derive(Deserialize)]
struct Answer {
    register_agent: Registered,
}

#[derive(Deserialize)]
struct Registered {
    id: AgentId,
}

/// Registers the agent and answers its id.
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn register_agent(client: &Client, agent: &RegisterAgent) -> Result<AgentId, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, Input { input: agent }).await?;
    Ok(answer.register_agent.id)
}

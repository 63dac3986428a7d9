//! Registers an agent.

use crate::{ServiceError, Services, name};
use serde_json::json;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::{AgentId, LabelSet};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        agent::{self, NewAgent},
        agent_config,
    },
};
use uuid::Uuid;

/// An agent that reports for work.
#[derive(Debug)]
pub struct RegisterAgent {
    /// Its kind, e.g. `LocalAgent`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The settings it fetches.
    pub config: Option<Uuid>,
    /// The version of its library, from the request's header.
    pub core_version: Option<String>,
}

/// Registers an agent. The same kind, name, version and labels are the same agent, and get the same id (reference
/// §6): agents register at every start and never leave.
pub async fn register(
    services: &Services,
    access: &Access<Reporter>,
    command: RegisterAgent,
) -> Result<AgentId, ServiceError> {
    name::check("type", &command.kind)?;
    name::check("name", &command.name)?;
    let labels = LabelSet::new(command.labels)?;
    let identity = json!([command.kind, command.name, command.core_version, labels.as_slice()]).to_string();
    let new = NewAgent {
        id: AgentId(services.ids().id()),
        name: command.name,
        kind: command.kind,
        core_version: command.core_version,
        labels,
        config: command.config,
        identity,
        now: services.clock().now(),
    };
    services.store().write(access, &Register { new }).await
}

struct Register {
    new: NewAgent,
}

impl Transaction for Register {
    const NAME: &'static str = "agent.register";
    type Output = AgentId;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<AgentId, ServiceError> {
        if let Some(config) = self.new.config {
            // The stock agent crashes later, without a word about it, when its settings are missing.
            agent_config::find(tx, config)
                .await?
                .ok_or_else(|| ServiceError::not_found("agent config", config))?;
        }
        Ok(agent::register(tx, &self.new).await?)
    }
}

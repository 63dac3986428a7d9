//! Changes settings of agents.

use super::{check_name, check_settings};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::access::{Access, Operator};
use signalbox_storage::{TenantTx, Transaction, repo::agent_config};
use uuid::Uuid;

/// What shall change; `None` leaves it.
#[derive(Debug)]
pub struct UpdateAgentConfig {
    /// Which settings.
    pub id: Uuid,
    /// What people call them.
    pub name: Option<String>,
    /// The settings.
    pub settings: Option<Value>,
}

/// Changes settings. Agents see them when they start again.
pub async fn update(
    services: &Services,
    access: &Access<Operator>,
    command: UpdateAgentConfig,
) -> Result<(), ServiceError> {
    check_name(command.name.as_deref())?;
    if let Some(settings) = &command.settings {
        check_settings(settings)?;
    }
    services.store().write(access, &Update { command, now: services.clock().now() }).await
}

struct Update {
    command: UpdateAgentConfig,
    now: DateTime<Utc>,
}

impl Transaction for Update {
    const NAME: &'static str = "agent_config.update";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let id = self.command.id;
        let before =
            agent_config::find(tx, id).await?.ok_or_else(|| ServiceError::not_found("agent config", id))?;
        let mut after = before.clone();
        if let Some(name) = &self.command.name {
            after.name = Some(name.clone());
        }
        if let Some(settings) = &self.command.settings {
            after.settings.clone_from(settings);
        }
        if after != before {
            agent_config::save(tx, id, &after, self.now).await?;
        }
        Ok(())
    }
}

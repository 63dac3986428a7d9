//! Makes settings for agents.

use super::{check_name, check_settings};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox_core::access::{Access, Operator};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::agent_config::{self, AgentConfig},
};
use uuid::Uuid;

/// Makes settings; their id is what an agent is started with. The same name and settings again give the same id, so
/// that a request delivered twice changes nothing.
pub async fn create(
    services: &Services,
    access: &Access<Operator>,
    name: Option<String>,
    settings: Option<Value>,
) -> Result<Uuid, ServiceError> {
    check_name(name.as_deref())?;
    let settings = settings.unwrap_or_else(|| json!({}));
    check_settings(&settings)?;
    let insert = Insert {
        id: services.ids().id(),
        config: AgentConfig { name, settings },
        now: services.clock().now(),
    };
    Ok(services.store().write(access, &insert).await?)
}

struct Insert {
    id: Uuid,
    config: AgentConfig,
    now: DateTime<Utc>,
}

impl Transaction for Insert {
    const NAME: &'static str = "agent_config.create";
    type Output = Uuid;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<Uuid, StorageError> {
        if let Some(id) = agent_config::find_same(tx, &self.config).await? {
            return Ok(id);
        }
        agent_config::insert(tx, self.id, &self.config, self.now).await?;
        Ok(self.id)
    }
}

//! Says what happens with the lost runs of a flow group.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use signalbox_core::{
    access::{Access, Operator},
    run::lost::Policy,
};
use signalbox_schema::FlowGroupId;
use signalbox_storage::{TenantTx, Transaction, repo::flow_group};

/// What a flow group says about its lost runs; what it does not say is as the installation has it.
#[derive(Debug, Clone, Copy)]
pub struct LostPolicy {
    /// What happens.
    pub action: Option<Policy>,
    /// How often one is started again at most.
    pub reschedules: Option<u32>,
    /// After how many seconds of silence it is lost.
    pub silent_seconds: Option<u32>,
    /// Whether silent task runs of stock agents are ended; `None` leaves it as it is.
    pub zombie_killer: Option<bool>,
}

/// Sets the policy. Runs that are at work are watched by it from now on.
pub async fn set_lost_policy(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
    policy: LostPolicy,
) -> Result<(), ServiceError> {
    services.store().write(access, &Set { id, policy, now: services.clock().now() }).await
}

struct Set {
    id: FlowGroupId,
    policy: LostPolicy,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "flow_group.set_lost_policy";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let before = flow_group::find(tx, self.id)
            .await?
            .ok_or_else(|| ServiceError::not_found("flow group", self.id))?;
        let mut settings = before.settings.as_object().cloned().unwrap_or_else(Map::new);
        let policy = json!({
            "action": self.policy.action.map(Policy::as_str),
            "reschedules": self.policy.reschedules,
            "silent_seconds": self.policy.silent_seconds,
        });
        settings.insert("lost_policy".to_owned(), policy);
        if let Some(on) = self.policy.zombie_killer {
            settings.insert("zombie_killer_enabled".to_owned(), Value::Bool(on));
        }
        let settings = Value::Object(settings);
        if settings != before.settings {
            flow_group::save(tx, &flow_group::FlowGroup { settings, ..before }, self.now).await?;
        }
        Ok(())
    }
}

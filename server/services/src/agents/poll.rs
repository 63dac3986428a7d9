//! Notes that an agent asked for work: by that, people know that it lives.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::{AgentId, TenantId};
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::agent};

/// How exact `last_queried` is, in seconds: a poll sooner after the last noted one is not written.
const EXACT_TO: i64 = 5;

/// When each agent's poll was last noted.
pub(crate) struct PollCache(Cache<(TenantId, AgentId), DateTime<Utc>>);

impl Default for PollCache {
    fn default() -> Self {
        Self(Cache::new(100_000))
    }
}

/// Notes a poll of an agent; whether the tenant has such an agent.
pub(crate) async fn note_poll(
    services: &Services,
    access: &Access<Reporter>,
    agent: AgentId,
) -> Result<bool, ServiceError> {
    let now = services.clock().now();
    let noted = &services.polls().0;
    let key = (access.tenant(), agent);
    if noted.get(&key).is_some_and(|last| (now - last).num_seconds() < EXACT_TO) {
        return Ok(true);
    }
    let known = services.store().write(access, &Note { agent, now }).await?;
    if known {
        noted.insert(key, now);
    }
    Ok(known)
}

struct Note {
    agent: AgentId,
    now: DateTime<Utc>,
}

impl Transaction for Note {
    const NAME: &'static str = "agent.note_poll";
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StorageError> {
        agent::note_poll(tx, self.agent, self.now).await
    }
}

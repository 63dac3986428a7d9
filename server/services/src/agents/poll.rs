//! Notes that an agent asked for work: by that, people know that it lives.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::AgentId;
use signalbox_storage::{StorageError, TenantTx, Transaction, repo::agent};

/// How exact `last_queried` is, in seconds: a poll sooner after the last noted one is not written.
const EXACT_TO: i64 = 5;

/// When each agent's poll was last noted.
pub(crate) struct PollCache(Cache<AgentId, DateTime<Utc>>);

impl Default for PollCache {
    fn default() -> Self {
        Self(Cache::new(100_000))
    }
}

/// Notes a poll of an agent; an agent that is not known is ignored.
pub(crate) async fn note_poll(
    services: &Services,
    access: &Access<Reporter>,
    agent: AgentId,
) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let noted = &services.polls().0;
    if noted.get(&agent).is_some_and(|last| (now - last).num_seconds() < EXACT_TO) {
        return Ok(());
    }
    noted.insert(agent, now);
    services.store().write(access, &Note { agent, now }).await?;
    Ok(())
}

struct Note {
    agent: AgentId,
    now: DateTime<Utc>,
}

impl Transaction for Note {
    const NAME: &'static str = "agent.note_poll";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        agent::note_poll(tx, self.agent, self.now).await
    }
}

//! Wake-up hints. The database is the truth; a hint says *that* something changed, never *what*. Whoever waits does
//! subscribe → read → wait (hint or tick) → read, so a lost hint costs latency and never data.
//!
//! One process needs no more than [`MemoryBus`]. With several replicas [`RelayBus`] wakes its own process at once and
//! carries the hints to the others, by Redis or by PostgreSQL's LISTEN/NOTIFY.

mod memory;
mod message;
mod notify;
mod outbox;
mod redis;
mod relay;

pub use memory::MemoryBus;
pub use notify::Postgres;
pub use redis::{Redis, RedisAddress};
pub use relay::{CarrierError, RelayBus};

use signalbox_schema::{FlowRunId, TenantId};
use tokio::sync::watch;

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Work for the agents of a tenant: a run became due, or one they hold was asked to stop.
    Work(TenantId),
    /// Something of this run changed.
    FlowRun(TenantId, FlowRunId),
    /// The schedules, of whatever tenant: one was switched on or replaced.
    Schedules,
    /// Flow runs of a tenant, or their states: any of them changed.
    FlowRuns(TenantId),
    /// Task runs of a tenant, their states or artifacts.
    TaskRuns(TenantId),
    /// Log lines of a tenant.
    Logs(TenantId),
    /// The log of a tenant's events.
    Events(TenantId),
    /// Who may do what in a tenant: its keys, and the tenant itself.
    Access(TenantId),
    /// Whatever else a tenant has.
    Others(TenantId),
    /// The API keys, of whatever tenant: one was revoked, so none may be believed from memory.
    Keys,
}

/// Carries hints between those who change and those who wait.
pub trait Bus: Send + Sync + 'static {
    /// Wakes everybody who waits for `topic`. Cannot fail and does not wait: it is a hint.
    fn hint(&self, topic: Topic);

    /// Begins to listen. Subscribe *before* reading, or a change in between is missed until the tick.
    fn subscribe(&self, topic: Topic) -> Subscription;

    /// Whether hints reach other replicas now.
    fn link(&self) -> Link;
}

/// Whether hints reach other replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// There is nothing to reach: the bus is of this process alone.
    Local,
    /// They do.
    Up,
    /// They do not, at the moment: the others learn of changes by their ticks.
    Down,
}

/// An ear for one topic. Hints coalesce: however many came, the next wait returns once. A clone remembers on its own
/// what it has heard.
#[derive(Debug, Clone)]
pub struct Subscription(watch::Receiver<()>);

impl Subscription {
    /// Returns when a hint came since the last return (or since subscribing). Waits for ever when the bus is gone:
    /// the caller's tick goes on.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a hint came since the last return.
    pub fn is_pending(&self) -> bool {
        self.0.has_changed().unwrap_or_default()
    }

    /// Takes hints that came for heard.
    pub fn forget(&mut self) {
        self.0.borrow_and_update();
    }

    /// Whether a hint came since the last look (or since subscribing), without waiting for one.
    pub fn was_hinted(&mut self) -> bool {
        let hinted = self.is_pending();
        // Not when none came: one that comes at this moment would be taken for heard.
        if hinted {
            self.forget();
        }
        hinted
    }
}

//! Wake-up hints. The database is the truth; a hint says *that* something changed, never *what*. Whoever waits does
//! subscribe → read → wait (hint or tick) → read, so a lost hint costs latency and never data.

mod memory;

pub use memory::MemoryBus;

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
}

/// Carries hints between those who change and those who wait.
pub trait Bus: Send + Sync + 'static {
    /// Wakes everybody who waits for `topic`. Cannot fail: it is a hint.
    fn hint(&self, topic: Topic);

    /// Begins to listen. Subscribe *before* reading, or a change in between is missed until the tick.
    fn subscribe(&self, topic: Topic) -> Subscription;
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
}

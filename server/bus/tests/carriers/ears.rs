//! What every carrier's tests need: topics, and waits that end.

use signalbox_bus::{Bus, Link, RelayBus, Subscription, Topic};
use signalbox_schema::{FlowRunId, TenantId};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// No test waits longer; more than it takes to notice that a frozen server is silent.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How long to listen for what must not come: longer than any way through a carrier.
pub const QUIET: Duration = Duration::from_millis(500);

pub fn work(number: u128) -> Topic {
    Topic::Work(TenantId(Uuid::from_u128(number)))
}

pub fn flow_run(number: u128) -> Topic {
    Topic::FlowRun(TenantId(Uuid::from_u128(1)), FlowRunId(Uuid::from_u128(number)))
}

pub const fn replica(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Waits for the next hint; how long it took.
pub async fn woken(ear: &mut Subscription) -> Duration {
    let since = Instant::now();
    timeout(LIMIT, ear.changed()).await.expect("the hint comes in time");
    since.elapsed()
}

pub async fn is_quiet(ear: &mut Subscription) -> bool {
    timeout(QUIET, ear.changed()).await.is_err()
}

pub async fn until(bus: &RelayBus, link: Link) {
    let deadline = Instant::now() + LIMIT;
    while bus.link() != link {
        assert!(Instant::now() < deadline, "the link does not become {link:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

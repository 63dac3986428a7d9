//! Events are in the log if and only if what they tell of was committed, at positions without order lost.

use super::{Batch, Lane, Results, TenantTx, Transaction};
use crate::{StorageError, Store, repo::tenant};
use chrono::DateTime;
use signalbox_backing::Backing;
use signalbox_core::{
    access::{Access, Reporter},
    event::{EventKind, NewEvent},
};
use signalbox_schema::{FlowRunId, TenantId};
use std::sync::Arc;
use uuid::Uuid;

const NOW: DateTime<chrono::Utc> = DateTime::UNIX_EPOCH;

fn access(n: u128) -> Access<Reporter> {
    Access::system(TenantId(Uuid::from_u128(n)), "test")
}

fn event(run: u128) -> NewEvent {
    NewEvent::new(EventKind::FlowRunState, NOW).flow_run(FlowRunId(Uuid::from_u128(run)))
}

struct World {
    store: Store,
    backing: Backing,
}

impl World {
    async fn new() -> Self {
        let backing = Backing::new();
        let store = Store::open(&backing.database_url()).await.unwrap();
        for n in [1, 2] {
            let slug = format!("t{n}");
            tenant::insert(&store, access(n).tenant(), &slug, &slug, NOW).await.unwrap();
        }
        Self { store, backing }
    }

    /// Position and run of every event of a tenant.
    async fn log(&self, tenant: u128) -> Vec<(i64, u128)> {
        let sql = format!(
            "SELECT position, hex(flow_run_id) FROM event WHERE tenant_id = X'{}' ORDER BY position",
            Uuid::from_u128(tenant).simple()
        );
        let rows = self.backing.database().await.rows(&sql).await;
        rows.iter().map(|row| (row[0].parse().unwrap(), u128::from_str_radix(&row[1], 16).unwrap())).collect()
    }
}

/// Records events, and then perhaps fails.
struct Record(Vec<u128>, bool);

impl Transaction for Record {
    const NAME: &'static str = "test.record";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        for run in &self.0 {
            tx.record(event(*run));
        }
        if self.1 { Err(StorageError::Refused("on purpose".into())) } else { Ok(()) }
    }
}

#[tokio::test]
async fn positions_count_what_was_committed_in_each_tenant() {
    let world = World::new().await;
    let write = async |tenant, runs: Vec<u128>, fails| {
        let written = world.store.write(&access(tenant), &Record(runs, fails)).await;
        assert_eq!(written.is_err(), fails);
    };
    write(1, vec![1, 2], false).await;
    write(1, vec![3], true).await;
    write(2, vec![4], false).await;
    write(1, vec![], false).await;
    write(1, vec![5], false).await;
    assert_eq!(world.log(1).await, [(1, 1), (2, 2), (3, 5)]);
    assert_eq!(world.log(2).await, [(1, 4)]);
}

#[tokio::test]
async fn more_events_than_one_statement_takes_keep_their_order() {
    let world = World::new().await;
    let runs: Vec<u128> = (1..=150).collect();
    world.store.write(&access(1), &Record(runs.clone(), false)).await.unwrap();
    let expected: Vec<(i64, u128)> = (1..).zip(runs).collect();
    assert_eq!(world.log(1).await, expected);
}

struct Recorder;

impl Batch for Recorder {
    const NAME: &'static str = "test.record_batch";
    type Command = u128;
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx, commands: &[&u128]) -> Result<Results<Self>, StorageError> {
        for run in commands {
            tx.record(event(**run));
        }
        Ok(commands.iter().map(|_| Ok(())).collect())
    }
}

#[tokio::test]
async fn a_lane_gives_each_tenant_its_own_events() {
    let world = World::new().await;
    let lane = Arc::new(Lane::new(Recorder));
    let submit = |n: u128| {
        let (lane, store) = (Arc::clone(&lane), world.store.clone());
        tokio::spawn(async move { lane.submit(&store, &access(1 + n % 2), n).await.unwrap() })
    };
    let calls: Vec<_> = (0..100).map(submit).collect();
    for call in calls {
        call.await.unwrap();
    }
    for tenant in [1, 2] {
        let log = world.log(tenant).await;
        assert_eq!(
            log.iter().map(|(position, _)| *position).collect::<Vec<_>>(),
            (1..=50).collect::<Vec<_>>()
        );
        assert!(log.iter().all(|(_, run)| 1 + run % 2 == tenant), "{log:?}");
    }
}

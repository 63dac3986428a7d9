//! What only a server on a network can do to us: go away, and serve others at the same time.

use crate::{StorageError, Store, TenantTx, Transaction, repo::key_value};
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use serde_json::json;
use signalbox_backing::{Backing, Database};
use signalbox_core::access::{Access, Admin};
use signalbox_schema::TenantId;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{Barrier, Mutex};
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

struct World {
    store: Store,
    database: Mutex<Database>,
    access: Access<Admin>,
    _backing: Backing,
}

impl World {
    /// A store with one tenant; nothing where the tests are not to use PostgreSQL.
    async fn new() -> Option<Self> {
        if !Backing::chooses_postgres() {
            return None;
        }
        let backing = Backing::new();
        let store = Store::open(&backing.database_url()).await.unwrap();
        crate::repo::tenant::insert(&store, TENANT, "Test", "test", now()).await.unwrap();
        let database = Mutex::new(backing.database().await);
        Some(Self { store, database, access: Access::system(TENANT, "test"), _backing: backing })
    }

    /// Ends every connection of the store, as an administrator or a restart does.
    async fn cut(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.database.lock().await.rows(sql).await;
    }

    async fn keys(&self) -> Vec<String> {
        self.database.lock().await.column("SELECT key FROM key_value ORDER BY key").await
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// Sets two keys; at the first tries, the connection breaks between them.
struct SetTwo<'a> {
    world: &'a World,
    breaks: u32,
    runs: AtomicU32,
}

impl Transaction for SetTwo<'_> {
    const NAME: &'static str = "test.set_two";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        key_value::insert(tx, Uuid::from_u128(1), "one", &json!(1), now()).await?;
        if self.runs.fetch_add(1, Ordering::Relaxed) < self.breaks {
            self.world.cut().await;
        }
        key_value::insert(tx, Uuid::from_u128(2), "two", &json!(2), now()).await
    }
}

#[tokio::test]
async fn connections_that_broke_unused_are_replaced() {
    let Some(world) = World::new().await else { return };
    let reading = world.store.read(&world.access);
    for _ in 0..3 {
        assert!(key_value::find(&reading, "one").await.unwrap().is_none());
        world.cut().await;
    }
    let two = SetTwo { world: &world, breaks: 0, runs: AtomicU32::new(0) };
    world.store.write(&world.access, &two).await.unwrap();
    assert_eq!((two.runs.into_inner(), world.keys().await), (1, vec!["one".to_owned(), "two".to_owned()]));
    world.store.ping().await.unwrap();
}

#[tokio::test]
async fn a_transaction_whose_connection_breaks_runs_again_and_counts_once() {
    let Some(world) = World::new().await else { return };
    let two = SetTwo { world: &world, breaks: 2, runs: AtomicU32::new(0) };
    world.store.write(&world.access, &two).await.unwrap();
    assert_eq!((two.runs.into_inner(), world.keys().await), (3, vec!["one".to_owned(), "two".to_owned()]));

    let hopeless = SetTwo { world: &world, breaks: u32::MAX, runs: AtomicU32::new(0) };
    world.database.lock().await.execute("DELETE FROM key_value").await;
    let error = world.store.write(&world.access, &hopeless).await.unwrap_err();
    assert!(error.is_retryable(), "the client is told to come again: {error:?}");
    assert_eq!((hopeless.runs.into_inner(), world.keys().await.len()), (5, 0));
}

#[tokio::test]
async fn a_closed_store_is_no_mistake_of_the_clients() {
    let Some(world) = World::new().await else { return };
    world.store.clone().close().await.unwrap();
    let reading = key_value::find(&world.store.read(&world.access), "one").await.unwrap_err();
    let two = SetTwo { world: &world, breaks: 0, runs: AtomicU32::new(0) };
    let writing = world.store.write(&world.access, &two).await.unwrap_err();
    assert!(reading.is_retryable() && writing.is_retryable(), "{reading:?} {writing:?}");
}

/// Changes two rows, in one order or the other; both callers have the first before either asks for the second.
struct Crossing<'a> {
    order: [&'static str; 2],
    met: &'a Barrier,
    runs: &'a AtomicU32,
}

impl Transaction for Crossing<'_> {
    const NAME: &'static str = "test.crossing";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        let again = self.runs.fetch_add(1, Ordering::Relaxed) >= 2;
        for (index, key) in self.order.iter().enumerate() {
            if index == 1 && !again {
                self.met.wait().await;
            }
            let sql = format!("UPDATE key_value SET value = to_jsonb(value::int + 1) WHERE key = '{key}'");
            tx.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn who_waits_in_a_circle_is_sent_round_again() {
    let Some(world) = World::new().await else { return };
    let two = SetTwo { world: &world, breaks: 0, runs: AtomicU32::new(0) };
    world.store.write(&world.access, &two).await.unwrap();
    let (met, runs) = (Barrier::new(2), AtomicU32::new(0));
    let crossing = |order| Crossing { order, met: &met, runs: &runs };
    let (one, other) = (crossing(["one", "two"]), crossing(["two", "one"]));
    let (one, other) =
        tokio::join!(world.store.write(&world.access, &one), world.store.write(&world.access, &other));
    one.unwrap();
    other.unwrap();
    assert!(runs.into_inner() > 2, "one of the two ran twice");
    let values = world.database.lock().await.column("SELECT value FROM key_value ORDER BY key").await;
    assert_eq!(values, ["3", "4"]);
}

/// Finds nothing, then inserts: as a use case without a lock would.
struct Upsert<'a> {
    id: u128,
    met: &'a Barrier,
    runs: AtomicU32,
}

impl Transaction for Upsert<'_> {
    const NAME: &'static str = "test.upsert";
    type Output = Uuid;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<Uuid, StorageError> {
        if let Some((id, _)) = key_value::find(tx, "key").await? {
            return Ok(id);
        }
        if self.runs.fetch_add(1, Ordering::Relaxed) == 0 {
            self.met.wait().await;
        }
        let id = Uuid::from_u128(self.id);
        key_value::insert(tx, id, "key", &json!(null), now()).await?;
        Ok(id)
    }
}

#[tokio::test]
async fn two_who_both_found_nothing_agree_in_the_end() {
    let Some(world) = World::new().await else { return };
    let met = Barrier::new(2);
    let upsert = |id| Upsert { id, met: &met, runs: AtomicU32::new(0) };
    let (one, other) = (upsert(11), upsert(12));
    let (one, other) =
        tokio::join!(world.store.write(&world.access, &one), world.store.write(&world.access, &other));
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(world.keys().await, ["key"]);
}

struct SetNul;
impl Transaction for SetNul {
    const NAME: &'static str = "test.nul";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        key_value::set_value(tx, Uuid::from_u128(1), &json!({"a\0": ["\0"]}), now()).await?;
        let sql = "UPDATE key_value SET key = $1 WHERE id = $2";
        tx.execute(sql, vec!["b\0c".into(), Uuid::from_u128(2).into()]).await?;
        Ok(())
    }
}

#[tokio::test]
async fn nul_in_text_and_json_is_kept_as_something() {
    let Some(world) = World::new().await else { return };
    let two = SetTwo { world: &world, breaks: 0, runs: AtomicU32::new(0) };
    world.store.write(&world.access, &two).await.unwrap();
    world.store.write(&world.access, &SetNul).await.unwrap();
    let found = key_value::find(&world.store.read(&world.access), "one").await.unwrap();
    assert_eq!(found.unwrap().1, Some(json!({"a\u{fffd}": ["\u{fffd}"]})));
    assert_eq!(world.keys().await, ["b\u{fffd}c", "one"]);
}

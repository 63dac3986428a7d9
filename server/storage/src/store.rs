//! The store: private connections, and the only ways to them.

use crate::{
    Observer, StorageError, TenantTx, Transaction,
    tx::{Party, Turn, Turns},
};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use signalbox_core::access::{Access, Level};
use signalbox_schema::TenantId;
use std::fmt;
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store(Arc<Connections>);

struct Connections {
    /// One connection on SQLite, which has one writer: its pool is the queue of writers.
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    /// Transactions begun so far, by which the checkpointer knows that there is something to do.
    begun: AtomicU64,
    /// Who writes next.
    turns: Arc<Turns>,
    observers: RwLock<Vec<Arc<dyn Observer>>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("begun", &self.begun).finish_non_exhaustive()
    }
}

/// How often a transaction is tried when the database asks to try again.
const ATTEMPTS: u32 = 5;

impl Store {
    pub(crate) fn new(writer: DatabaseConnection, readers: DatabaseConnection) -> Self {
        Self(Arc::new(Connections {
            writer,
            readers,
            begun: AtomicU64::new(0),
            turns: Turns::new(1),
            observers: RwLock::default(),
        }))
    }

    /// From now on tells `observer` of every commit of this store that changed something.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.0.observers.write().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    pub(crate) fn observers(&self) -> Vec<Arc<dyn Observer>> {
        self.0.observers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.0.readers
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    pub(crate) fn into_connections(self) -> (DatabaseConnection, DatabaseConnection) {
        (self.0.writer.clone(), self.0.readers.clone())
    }

    /// Runs a transaction in the tenant of `access`. It may run more than once; its effects outside the database
    /// belong after this call.
    pub async fn write<L: Level, T: Transaction>(
        &self,
        access: &Access<L>,
        transaction: &T,
    ) -> Result<T::Output, T::Error> {
        let mut attempt = 1;
        loop {
            match self.attempt(access.tenant(), transaction).await {
                Err(Attempt::Database(error)) if error.is_retryable() && attempt < ATTEMPTS => {
                    tracing::debug!(transaction = T::NAME, attempt, %error, "transaction is tried again");
                    attempt += 1;
                }
                Err(Attempt::Database(error)) => return Err(error.into()),
                Err(Attempt::Refused(error)) => return Err(error),
                Ok(output) => return Ok(output),
            }
        }
    }

    async fn attempt<T: Transaction>(
        &self,
        tenant: TenantId,
        transaction: &T,
    ) -> Result<T::Output, Attempt<T::Error>> {
        let _turn = self.turn(Party::Tenant(tenant)).await;
        let tx = TenantTx::new(tenant, self.begin().await.map_err(Attempt::Database)?, self.observers());
        match transaction.run(&tx).await {
            Ok(output) => {
                tx.commit().await.map_err(Attempt::Database)?;
                Ok(output)
            }
            // Dropping the transaction rolls it back.
            Err(error) => Err(Attempt::Refused(error)),
        }
    }

    /// Reads in the tenant of `access`, outside of any transaction.
    pub fn read<L: Level>(&self, access: &Access<L>) -> TenantTx {
        TenantTx::reading(access.tenant(), self.0.readers.clone())
    }

    /// How many transactions have begun, without keeping the store open; `None` when it is gone.
    pub(crate) fn begun(&self) -> impl Fn() -> Option<u64> + Send + use<> {
        let connections = Arc::downgrade(&self.0);
        move || connections.upgrade().map(|connections| connections.begun.load(Ordering::Relaxed))
    }

    /// Waits for the turn of one who wants to write.
    pub(crate) async fn turn(&self, party: Party) -> Turn {
        self.0.turns.take(party).await
    }

    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StorageError> {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        let options = TransactionOptions {
            // A transaction that begins by reading would fail when it comes to write (SQLITE_BUSY).
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.0.writer.begin_with_options(options).await?)
    }
}

enum Attempt<E> {
    Database(StorageError),
    Refused(E),
}

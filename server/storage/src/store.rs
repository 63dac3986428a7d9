//! The store: private connections, and the only ways to them.

use crate::{
    Observer, StorageError, TenantTx, Transaction, postgres,
    tx::{Everybody, Failure, Party, Scope, Session, Turn, Turns},
};
use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use signalbox_core::access::{Access, Level};
use signalbox_schema::TenantId;
use sqlx::PgPool;
use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    connections: Connections,
    /// Transactions begun so far, by which SQLite's checkpointer knows that there is something to do.
    begun: AtomicU64,
    /// Who writes next.
    turns: Arc<Turns>,
    observers: RwLock<Vec<Arc<dyn Observer>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// The pools of either database.
#[derive(Debug)]
pub(crate) enum Connections {
    /// One connection that writes, for SQLite has one writer: its pool is the queue of writers.
    Sqlite { writer: DatabaseConnection, readers: DatabaseConnection },
    /// Readers have their own, so that a rush of them does not hold up the writers.
    Postgres { writers: PgPool, readers: PgPool },
}

/// How often a transaction is tried when the database asks to try again.
const ATTEMPTS: u32 = 5;

impl Store {
    pub(crate) fn new(connections: Connections) -> Self {
        let at_once = match &connections {
            Connections::Sqlite { .. } => 1,
            Connections::Postgres { writers, .. } => writers.options().get_max_connections(),
        };
        Self(Arc::new(Inner {
            connections,
            begun: AtomicU64::new(0),
            turns: Turns::new(usize::try_from(at_once).unwrap_or(1)),
            observers: RwLock::default(),
        }))
    }

    /// From now on tells `observer` of every commit of this store that changed something.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.0.observers.write().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    fn observers(&self) -> Vec<Arc<dyn Observer>> {
        self.0.observers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.0.connections
    }

    /// Whether transactions run beside each other, so that one may find rows taken that another then leaves.
    pub fn has_many_writers(&self) -> bool {
        matches!(self.0.connections, Connections::Postgres { .. })
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
            // Boxed: the futures of all layers above would be one type, deeper than the compiler looks.
            match Box::pin(self.attempt(access.tenant(), transaction)).await {
                Ok(output) => return Ok(output),
                Err((error, Some(failure))) if again(failure, attempt) => {
                    tracing::debug!(transaction = T::NAME, attempt, ?failure, "transaction is tried again");
                    drop(error);
                    attempt += 1;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    async fn attempt<T: Transaction>(
        &self,
        tenant: TenantId,
        transaction: &T,
    ) -> Result<T::Output, (T::Error, Option<Failure>)> {
        let own = |error: StorageError| {
            let failure = error.failure();
            (error.into(), failure)
        };
        let _turn = self.turn(Party::Tenant(tenant)).await;
        let tx = self.begin(tenant).await.map_err(own)?;
        match transaction.run(&tx).await {
            Ok(output) => {
                tx.commit().await.map_err(own)?;
                Ok(output)
            }
            // Dropping the transaction rolls it back.
            Err(error) => Err((error, tx.failure())),
        }
    }

    /// Reads in the tenant of `access`, outside of any transaction.
    pub fn read<L: Level>(&self, access: &Access<L>) -> TenantTx {
        let tenant = access.tenant();
        TenantTx::new(tenant, self.reading(Scope::Tenant(tenant.0)), Vec::new())
    }

    /// Reads several things in the tenant of `access` at the cost of one: on PostgreSQL in one transaction, which sees
    /// one moment and ends when this is dropped. Not to be kept while waiting for anything else.
    ///
    /// # Errors
    /// When the database has no connection to give.
    pub async fn read_together<L: Level>(&self, access: &Access<L>) -> Result<TenantTx, StorageError> {
        let tenant = access.tenant();
        let scope = Scope::Tenant(tenant.0);
        let session = match &self.0.connections {
            Connections::Sqlite { .. } => self.reading(scope),
            Connections::Postgres { readers, .. } => {
                let tx = postgres::begin(readers, postgres::Mode::Snapshot, scope).await?;
                Session::postgres_transaction(tx)
            }
        };
        Ok(TenantTx::new(tenant, session, Vec::new()))
    }

    /// Reads rows of all tenants, for the few that have no tenant yet.
    pub(crate) fn read_of_everybody(&self) -> Everybody {
        Everybody::new(self.reading(Scope::AllTenants))
    }

    /// Writes rows of no tenant in particular.
    pub(crate) async fn begin_for_everybody(&self) -> Result<Everybody, StorageError> {
        Ok(Everybody::new(self.writing(Scope::AllTenants).await?))
    }

    /// Begins a transaction in a tenant, for who has its turn.
    pub(crate) async fn begin(&self, tenant: TenantId) -> Result<TenantTx, StorageError> {
        Ok(TenantTx::new(tenant, self.writing(Scope::Tenant(tenant.0)).await?, self.observers()))
    }

    /// Waits for the turn of one who wants to write.
    pub(crate) async fn turn(&self, party: Party) -> Turn {
        self.0.turns.take(party).await
    }

    fn reading(&self, scope: Scope) -> Session {
        match &self.0.connections {
            Connections::Sqlite { readers, .. } => Session::sqlite(readers.clone()),
            Connections::Postgres { readers, .. } => Session::postgres(readers.clone(), scope),
        }
    }

    async fn writing(&self, scope: Scope) -> Result<Session, StorageError> {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        match &self.0.connections {
            Connections::Sqlite { writer, .. } => {
                let options = TransactionOptions {
                    // A transaction that begins by reading would fail when it comes to write (SQLITE_BUSY).
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                Ok(Session::sqlite_transaction(writer.begin_with_options(options).await?))
            }
            Connections::Postgres { writers, .. } => {
                let tx = postgres::begin(writers, postgres::Mode::Write, scope).await?;
                Ok(Session::postgres_transaction(tx))
            }
        }
    }

    /// How many transactions have begun, without keeping the store open; `None` when it is gone.
    pub(crate) fn begun(&self) -> impl Fn() -> Option<u64> + Send + use<> {
        let inner = Arc::downgrade(&self.0);
        move || inner.upgrade().map(|inner| inner.begun.load(Ordering::Relaxed))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        match &self.0.connections {
            Connections::Sqlite { readers, .. } => Ok(readers.ping().await?),
            Connections::Postgres { readers, .. } => {
                postgres::begin(readers, postgres::Mode::Read, Scope::AllTenants).await?;
                Ok(())
            }
        }
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(self) -> Result<(), StorageError> {
        match &self.0.connections {
            Connections::Sqlite { writer, readers } => {
                DatabaseConnection::close(readers.clone()).await?;
                Ok(DatabaseConnection::close(writer.clone()).await?)
            }
            Connections::Postgres { writers, readers } => {
                readers.close().await;
                writers.close().await;
                Ok(())
            }
        }
    }
}

/// Whether to try again after this many attempts. Looking at a race once more tells what it was: the second time, it
/// is none.
pub(crate) fn again(failure: Failure, attempts: u32) -> bool {
    match failure {
        Failure::Passing => attempts < ATTEMPTS,
        Failure::Race => attempts < 2,
    }
}

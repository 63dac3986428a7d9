//! What statements are sent on: a transaction, or (for single statements) a pool. Text that no database can hold is
//! changed here, on the only way to both.

use super::Scope;
use crate::{StorageError, dialect, postgres};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    Statement,
};
use sqlx::PgPool;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Mutex as AsyncMutex;

/// A way to the database for one [`Scope`].
#[derive(Debug)]
pub(crate) struct Session {
    way: Way,
    failure: Mutex<Option<Failure>>,
}

#[derive(Debug)]
enum Way {
    Sqlite(DatabaseConnection),
    SqliteTransaction(DatabaseTransaction),
    /// Each statement in a transaction of its own: that is how it gets its scope, in the same message.
    Postgres(PgPool, Scope),
    PostgresTransaction(AsyncMutex<postgres::Transaction>),
}

/// Why a statement failed, where another try may end differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Another transaction was in the way; the same work may succeed now.
    Passing,
    /// A row that was not there a moment ago, or is not any more. Looking again tells.
    Race,
}

impl Session {
    pub(crate) const fn sqlite(db: DatabaseConnection) -> Self {
        Self::new(Way::Sqlite(db))
    }

    pub(crate) const fn sqlite_transaction(tx: DatabaseTransaction) -> Self {
        Self::new(Way::SqliteTransaction(tx))
    }

    pub(crate) const fn postgres(pool: PgPool, scope: Scope) -> Self {
        Self::new(Way::Postgres(pool, scope))
    }

    pub(crate) fn postgres_transaction(tx: postgres::Transaction) -> Self {
        Self::new(Way::PostgresTransaction(AsyncMutex::new(tx)))
    }

    const fn new(way: Way) -> Self {
        Self { way, failure: Mutex::new(None) }
    }

    /// Whether rows that are read can be locked until the end.
    pub(crate) const fn is_transaction(&self) -> bool {
        matches!(self.way, Way::SqliteTransaction(_) | Way::PostgresTransaction(_))
    }

    /// Why a statement failed, if that is worth another try. What the caller made of the error does not tell any more.
    pub(crate) fn failure(&self) -> Option<Failure> {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns to the rows of another scope.
    pub(crate) async fn turn_to(&self, scope: Scope) -> Result<(), StorageError> {
        if let Way::PostgresTransaction(tx) = &self.way {
            postgres::set_scope(&mut *tx.lock().await, scope).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self.way {
            Way::SqliteTransaction(tx) => Ok(tx.commit().await?),
            Way::PostgresTransaction(tx) => Ok(postgres::commit(tx.into_inner()).await?),
            Way::Sqlite(_) | Way::Postgres(..) => Ok(()),
        }
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        // After a failure PostgreSQL refuses everything else in the transaction; the first says why.
        if let Err(error) = &result
            && let Some(failure) = crate::error::failure(error)
        {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
        result
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Session {
    fn get_database_backend(&self) -> DbBackend {
        match &self.way {
            Way::Sqlite(_) | Way::SqliteTransaction(_) => DbBackend::Sqlite,
            Way::Postgres(..) | Way::PostgresTransaction(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = dialect::storable(statement);
        self.note(match &self.way {
            Way::Sqlite(db) => db.execute_raw(statement).await,
            Way::SqliteTransaction(tx) => tx.execute_raw(statement).await,
            Way::Postgres(pool, scope) => postgres::execute_alone(pool, *scope, statement).await,
            Way::PostgresTransaction(tx) => postgres::execute(&mut *tx.lock().await, statement).await,
        })
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(self.get_database_backend(), sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = dialect::storable(statement);
        self.note(match &self.way {
            Way::Sqlite(db) => db.query_all_raw(statement).await,
            Way::SqliteTransaction(tx) => tx.query_all_raw(statement).await,
            Way::Postgres(pool, scope) => postgres::query_alone(pool, *scope, statement).await,
            Way::PostgresTransaction(tx) => postgres::query(&mut *tx.lock().await, statement).await,
        })
    }
}

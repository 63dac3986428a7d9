//! What can go wrong between us and the database.

use crate::tx::Failure;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};
use signalbox_migrations::MigrationError;
use sqlx::postgres::PgDatabaseError;
use std::sync::Arc;

/// A failure of storage. Its text is for our log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused or failed.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database URL is not one we understand.
    #[error("'{url}' is not a database URL: {problem}")]
    Url {
        /// The URL, without a password.
        url: String,
        /// What would be right.
        problem: String,
    },
    /// A row holds what we never write.
    #[error("table {table}: {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        problem: String,
    },
    /// The read was refused before or while it ran, for a reason that the client can mend.
    #[error("{0}")]
    Refused(String),
    /// The work was abandoned, e.g. because the server is shutting down.
    #[error("the work was abandoned")]
    Abandoned,
}

impl StorageError {
    /// Whether a unique index refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }

    /// Whether a foreign key refused the row: its parent is gone.
    pub fn is_foreign_key_violation(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))))
    }

    /// Whether the same work may succeed when tried again, now or a little later: the database was busy, restarting or
    /// out of reach.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Abandoned | Self::Database(DbErr::ConnectionAcquire(_)) => true,
            Self::Database(error) => {
                driver_error(error).is_some_and(|error| is_passing(error) || is_away(error))
            }
            _ => false,
        }
    }

    /// Whether a transaction that ended so is worth another try at once.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match self {
            Self::Database(error) => failure(error),
            _ => None,
        }
    }
}

/// Whether a transaction in which this happened is worth another try at once.
pub(crate) fn failure(error: &DbErr) -> Option<Failure> {
    let driver = driver_error(error)?;
    if is_passing(driver) || is_broken(driver) {
        return Some(Failure::Passing);
    }
    match driver {
        // One writer has no races.
        sqlx::Error::Database(error) if error.try_downcast_ref::<PgDatabaseError>().is_some() => {
            (error.is_unique_violation() || error.is_foreign_key_violation()).then_some(Failure::Race)
        }
        _ => None,
    }
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether another transaction was in the way.
fn is_passing(error: &sqlx::Error) -> bool {
    match code(error) {
        // serialization failure, deadlock
        Some(Code::Postgres("40001" | "40P01")) => true,
        Some(Code::Sqlite(text)) => text.contains("database is locked"),
        _ => false,
    }
}

/// Whether the connection is gone. Nothing is known about a COMMIT that ended so; whoever asks again finds out.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        error => match code(error) {
            // ended by an administrator, by a crash of another connection, for being idle in a transaction
            Some(Code::Postgres(code)) => {
                matches!(code, "57P01" | "57P02" | "57P03" | "25P03") || code.starts_with("08")
            }
            _ => false,
        },
    }
}

/// Whether the database cannot do the work now, but may later.
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::BeginFailed => true,
        error if is_broken(error) => true,
        error => match code(error) {
            // a lock or a statement took too long; a replica that became the primary, or no more is it
            Some(Code::Postgres(code)) => {
                matches!(code, "55P03" | "57014" | "25006") || code.starts_with("53")
            }
            _ => false,
        },
    }
}

enum Code<'a> {
    /// The five characters of the SQL standard.
    Postgres(&'a str),
    /// What SQLite says; its codes are the same for a locked table and a locked file.
    Sqlite(&'a str),
}

fn code(error: &sqlx::Error) -> Option<Code<'_>> {
    let sqlx::Error::Database(error) = error else { return None };
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => Some(Code::Postgres(error.code())),
        None => Some(Code::Sqlite(error.message())),
    }
}

/// The pool had no connection.
pub(crate) fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(other))),
    }
}

/// A statement failed.
pub(crate) fn not_executed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

/// A query failed.
pub(crate) fn not_queried(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

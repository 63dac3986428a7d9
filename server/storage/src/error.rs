//! What can go wrong between us and the database.

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use signalbox_migrations::MigrationError;

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

    /// Whether the same work may succeed when tried again.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Abandoned | Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(
                DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
            ) => {
                let text = error.to_string();
                text.contains("database is locked") || text.contains("deadlock") || text.contains("serializ")
            }
            _ => false,
        }
    }
}

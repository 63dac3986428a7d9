//! Opens the database: options per dialect, then the schema.

use crate::{StorageError, Store, checkpoint, statistics};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{str::FromStr, time::Duration};

/// Connections that read; more only wait for each other's CPU.
const READERS: u32 = 4;
/// Prepared statements kept per connection: every shape of hot statement, with its padded lists.
const STATEMENTS: usize = 512;

/// How long a statement waits for the lock of another process before it fails.
const BUSY: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the database behind `url` (`sqlite://path`), creates the file if need be, and brings its schema up
    /// to date.
    ///
    /// # Errors
    /// [`StorageError::Url`] for a URL that is not understood, [`StorageError::Migration`] when the database was
    /// made by a newer version.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let options = sqlite_options(url)?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(|error| open_failed(url, &error))?;
        let writer = SqlxSqliteConnector::from_sqlx_sqlite_pool(writer);
        signalbox_migrations::migrate(&writer).await?;
        statistics::write(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .idle_timeout(Duration::from_mins(1))
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await
            .map_err(|error| open_failed(url, &error))?;
        let readers = SqlxSqliteConnector::from_sqlx_sqlite_pool(readers);
        let store = Self::new(writer, readers);
        checkpoint::start(&store, url)?;
        Ok(store)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        Ok(self.readers().ping().await?)
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(self) -> Result<(), StorageError> {
        let (writer, readers) = self.into_connections();
        DatabaseConnection::close(readers).await?;
        Ok(DatabaseConnection::close(writer).await?)
    }
}

pub(crate) fn sqlite_options(url: &str) -> Result<SqliteConnectOptions, StorageError> {
    let refused =
        |problem: &str| StorageError::Url { url: without_password(url), problem: problem.to_owned() };
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err(refused("it must begin with sqlite://, e.g. sqlite:///var/lib/signalbox/signalbox.db"));
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(refused(
            "it must name a file: a database in memory would lose every run at the first restart",
        ));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| refused(&error.to_string()))?;
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode NORMAL never corrupts; a power cut may cost the last moments, a killed process nothing.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-16384")
        .pragma("mmap_size", "268435456")
        // A commit pays for a checkpoint only when the background one cannot keep up.
        .pragma("wal_autocheckpoint", "65536")
        .pragma("journal_size_limit", "67108864")
        .log_statements(tracing::log::LevelFilter::Off)
        .log_slow_statements(tracing::log::LevelFilter::Off, Duration::ZERO))
}

fn open_failed(url: &str, error: &sqlx::Error) -> StorageError {
    StorageError::Url { url: without_password(url), problem: format!("it cannot be opened ({error})") }
}

/// The URL as it may be shown: what stands between `//` and `@` is left out.
fn without_password(url: &str) -> String {
    match (url.find("//"), url.rfind('@')) {
        (Some(start), Some(end)) if start < end => format!("{}//…{}", &url[..start], &url[end..]),
        _ => url.to_owned(),
    }
}

//! SQLite: one connection that writes, a few that read.

use super::{STATEMENTS, refused};
use crate::{StorageError, Store, checkpoint, statistics, store::Connections};
use sea_orm::SqlxSqliteConnector;
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{str::FromStr, time::Duration};

/// Connections that read; more only wait for each other's CPU.
const READERS: u32 = 4;
/// How long a statement waits for the lock of another process before it fails.
const BUSY: Duration = Duration::from_secs(5);

pub(super) async fn open(url: &str) -> Result<Store, StorageError> {
    let options = options(url)?;
    let failed = |error: sqlx::Error| refused(url, format!("it cannot be opened ({error})"));
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
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
        .map_err(failed)?;
    let readers = SqlxSqliteConnector::from_sqlx_sqlite_pool(readers);
    let store = Store::new(Connections::Sqlite { writer, readers });
    checkpoint::start(&store, url)?;
    Ok(store)
}

/// How a connection to the file is opened.
pub(crate) fn options(url: &str) -> Result<SqliteConnectOptions, StorageError> {
    let refused = |problem: &str| refused(url, problem);
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err(refused(
            "it must begin with sqlite:// or postgres://, e.g. sqlite:///var/lib/signalbox/signalbox.db",
        ));
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

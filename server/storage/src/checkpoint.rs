//! Moves SQLite's write-ahead log into the file, beside the commits and not within them: a commit that comes to pay for
//! the checkpoint makes everybody behind it wait for the disk.

use crate::{StorageError, Store, connect::sqlite_options};
use sqlx::{Connection, SqliteConnection};
use std::time::Duration;

/// How often to look whether there is something to move.
const EVERY: Duration = Duration::from_secs(2);

/// Starts the checkpointer of a store. It ends by itself when the store is gone, and sends nothing while nobody writes.
pub(crate) fn start(store: &Store, url: &str) -> Result<(), StorageError> {
    let options = sqlite_options(url)?;
    let begun = store.begun();
    tokio::spawn(async move {
        let mut moved = 0;
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(now) = begun() else { return };
            if now == moved {
                continue;
            }
            match checkpoint(&options).await {
                Ok(()) => moved = now,
                // The commits' own checkpoint is still there.
                Err(error) => tracing::warn!(%error, "the write-ahead log could not be moved into the file"),
            }
        }
    });
    Ok(())
}

async fn checkpoint(options: &sqlx::sqlite::SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    // PASSIVE: takes no lock that a writer or a reader would wait for.
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await?;
    connection.close().await
}

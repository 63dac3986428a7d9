//! The time that a read may take. Both databases run a statement to its end whether or not anybody still wants its rows;
//! so the connection is told to give up when the time is over, or when whoever waited is gone. PostgreSQL is told by
//! closing it: the server looks for that (`client_connection_check_interval`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signalbox_core::query::Rejection;
use sqlx::pool::PoolConnection;
use sqlx::{Database, PgPool, Postgres, Sqlite, SqlitePool};

use super::{QueryError, failed};

/// After how many steps of its virtual machine SQLite asks whether to go on: well under a millisecond's worth.
const STEPS: i32 = 10_000;

/// A connection that stops working when it is dropped before [`Abandonable::release`].
pub(super) struct Abandonable<D: Database> {
    connection: Option<PoolConnection<D>>,
    abandoned: Arc<AtomicBool>,
}

impl Abandonable<Postgres> {
    /// Takes a connection. Waiting for one is not part of the time that a read may take.
    pub(super) async fn acquire(pool: &PgPool) -> Result<Self, QueryError> {
        let connection = Some(pool.acquire().await.map_err(failed)?);
        Ok(Self { connection, abandoned: Arc::default() })
    }
}

impl Abandonable<Sqlite> {
    /// Takes a connection. Waiting for one is not part of the time that a read may take.
    pub(super) async fn acquire(pool: &SqlitePool) -> Result<Self, QueryError> {
        let mut connection = pool.acquire().await.map_err(failed)?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&abandoned);
        let mut handle = connection.lock_handle().await.map_err(failed)?;
        handle.set_progress_handler(STEPS, move || !asked.load(Ordering::Relaxed));
        drop(handle);
        Ok(Self { connection: Some(connection), abandoned })
    }
}

impl<D: Database> Abandonable<D> {
    /// The connection.
    pub(super) fn connection(&mut self) -> &mut D::Connection {
        self.connection.as_mut().expect("the connection is taken only when this is dropped or released")
    }

    /// Gives it back to its pool.
    pub(super) fn release(mut self) {
        self.connection = None;
    }
}

impl<D: Database> Drop for Abandonable<D> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.abandoned.store(true, Ordering::Relaxed);
            // Closed instead of given back: nobody else shall wait until it has noticed, or be stopped in our place.
            drop(connection.detach());
        }
    }
}

/// The answer of `reading`, or a refusal when it takes longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    reading: impl Future<Output = Result<T, QueryError>>,
) -> Result<T, QueryError> {
    tokio::time::timeout(limit, reading).await.unwrap_or_else(|_| Err(too_slow(Some(limit)).into()))
}

/// What the sender of a read that takes too long can do.
pub(super) fn too_slow(limit: Option<Duration>) -> Rejection {
    let limit = limit.map(|limit| format!("the {} ", spoken(limit))).unwrap_or_default();
    Rejection::limit(format!(
        "the read takes longer than {limit}allowed (query_timeout_seconds); ask for fewer rows with a narrower where, \
         order by a column that has an index (created, start_time, timestamp, id), or read in pages"
    ))
}

fn spoken(limit: Duration) -> String {
    match limit.as_secs() {
        0 => format!("{} ms", limit.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

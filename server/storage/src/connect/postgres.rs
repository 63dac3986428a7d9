//! PostgreSQL: pools of connections with limits on how long anything may take or wait.

use super::{STATEMENTS, refused};
use crate::{StorageError, Store, store::Connections, wall};
use sea_orm::SqlxPostgresConnector;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// Connections that write. Lanes carry many callers through one, so few are busy at once.
const WRITERS: u32 = 8;
/// Connections that read; of their own, so that dashboards do not hold up states.
const READERS: u32 = 12;
/// The oldest version whose SQL we use.
const OLDEST: i32 = 130_000;
/// How long to wait for a connection, and for a server that is just starting.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is asked whether it still is one.
const DOUBTED_AFTER: Duration = Duration::from_secs(30);
/// Longest statement; the API refuses what would come near it.
const STATEMENT: &str = "30s";
/// Longest wait for a row that another transaction holds.
const LOCK: &str = "10s";
/// How often a server looks whether who asked is still there.
const CLIENT_CHECK: &str = "500ms";
/// A transaction whose server died or hangs must not hold its rows for ever.
const IDLE_IN_TRANSACTION: &str = "60s";

pub(super) async fn open(url: &str) -> Result<Store, StorageError> {
    let options = options(url)?;
    let failed = |error: sqlx::Error| refused(url, format!("it cannot be opened ({})", reason(&error)));
    let options = if migrate(url, &options).await? {
        options.options([("client_connection_check_interval", CLIENT_CHECK)])
    } else {
        options
    };
    let writers = pool(WRITERS).connect_with(options.clone()).await.map_err(failed)?;
    let readers = pool(READERS).connect_lazy_with(options);
    Ok(Store::new(Connections::Postgres { writers, readers }))
}

fn options(url: &str) -> Result<PgConnectOptions, StorageError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| refused(url, reason(&error)))?;
    let name = options.get_application_name().unwrap_or("signalbox").to_owned();
    Ok(options
        .application_name(&name)
        .statement_cache_capacity(STATEMENTS)
        .options([
            ("statement_timeout", STATEMENT),
            ("lock_timeout", LOCK),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
            // What is written here depends on none of a role's or a database's own settings.
            ("timezone", "UTC"),
            ("default_transaction_isolation", "read committed"),
            // Compiling a statement costs more than it gains for the few rows that most bring.
            ("jit", "off"),
        ])
        .log_statements(tracing::log::LevelFilter::Off)
        .log_slow_statements(tracing::log::LevelFilter::Off, Duration::ZERO))
}

/// Where the database is, without who asks and how.
pub(super) fn shown(url: &str) -> String {
    let Ok(options) = PgConnectOptions::from_str(url) else { return "postgres://…".to_owned() };
    let database = options.get_database().unwrap_or_default();
    format!("postgres://{}:{}/{database}", options.get_host(), options.get_port())
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(Duration::from_mins(5))
        .max_lifetime(Duration::from_mins(30))
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > DOUBTED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Brings the schema up to date on a connection of its own, which has all the time it needs. Whether the server can see
/// that a client has gone.
async fn migrate(url: &str, options: &PgConnectOptions) -> Result<bool, StorageError> {
    let options = options.clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let failed = |error: sqlx::Error| refused(url, format!("it cannot be opened ({})", reason(&error)));
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_with(options).await;
    let pool = pool.map_err(failed)?;
    let sees_clients_go = check(url, &pool).await?;
    let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    signalbox_migrations::migrate(&db).await?;
    wall::build(&db).await?;
    sea_orm::DatabaseConnection::close(db).await?;
    Ok(sees_clients_go)
}

/// Refuses databases that would fail later, in the middle of the work.
async fn check(url: &str, pool: &PgPool) -> Result<bool, StorageError> {
    const ABOUT: &str = "SELECT current_setting('server_version_num')::int, version(), \
                         current_setting('server_encoding')";
    let (number, version, encoding): (i32, String, String) = sqlx::query_as(ABOUT)
        .fetch_one(pool)
        .await
        .map_err(|error| refused(url, format!("it does not answer ({})", reason(&error))))?;
    if number < OLDEST {
        return Err(refused(url, format!("PostgreSQL 13 or newer is needed; this is {version}")));
    }
    if encoding != "UTF8" {
        return Err(refused(url, format!("its encoding is {encoding}; make it with ENCODING 'UTF8'")));
    }
    Ok(number >= 140_000 && version.contains("linux"))
}

/// What went wrong, without the parts of the URL that the driver's own text may quote.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(_) => {
            "write postgres://user:password@host:5432/database, with special characters as %xx".to_owned()
        }
        sqlx::Error::PoolTimedOut => "no connection within 5 seconds".to_owned(),
        other => other.to_string(),
    }
}

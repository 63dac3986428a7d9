//! The read API's second half: a plan of `signalbox_core::query` becomes statements, and their rows become the answer.
//!
//! The only way in is [`Store::query`], which takes the scope: no statement is built without the tenant predicate. One
//! statement per level of the plan, all of them in one read transaction, and the answer is JSON text written straight
//! from the rows. What differs between databases is in `dialect.rs`.

mod answer;
mod compile;
mod connection;
mod count;
mod deadline;
mod fetch;
mod filter;
mod order;
mod page;
mod value;
mod walk;

#[cfg(test)]
mod tests;

use signalbox_core::query::{Plan, ReadScope, Rejection};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::store::Connections;
use crate::tx::Scope;
use crate::{StorageError, Store, error, postgres};
use connection::Connection;
use deadline::{Abandonable, too_slow, within};
use fetch::Fetch;

/// Why a plan has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The rows are more than the plan's limits allow.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// A stored value does not have its column's form.
    #[error("column {table}.{column} holds a value that is not of its kind")]
    Malformed {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// The JSON text of one root field, and what it took.
#[derive(Debug)]
struct Answer {
    /// A JSON value.
    json: String,
    /// Statements that read rows; at most [`Plan::statements`].
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold the compiler to its promise"))]
    statements: usize,
}

impl Store {
    /// Answers one root field for one tenant, as JSON text. All statements see the same snapshot of the database.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn query(&self, scope: &ReadScope, plan: &Plan) -> Result<String, QueryError> {
        Ok(Box::pin(self.answer(scope, plan)).await?.json)
    }

    async fn answer(&self, scope: &ReadScope, plan: &Plan) -> Result<Answer, QueryError> {
        let limit = plan.limits.timeout;
        match self.connections() {
            Connections::Sqlite { readers, .. } => {
                let pool = readers.get_sqlite_connection_pool();
                let mut connection = Abandonable::<Sqlite>::acquire(pool).await?;
                let answer = within(limit, read_sqlite(connection.connection(), scope, plan)).await?;
                connection.release();
                Ok(answer)
            }
            Connections::Postgres { readers, .. } => {
                // As many may have broken while nobody used them.
                let mut left = readers.options().get_max_connections();
                loop {
                    let mut connection = Abandonable::<Postgres>::acquire(readers).await?;
                    let reading = read_postgres(connection.connection(), scope, plan);
                    match within(limit, reading).await? {
                        Some(answer) => {
                            connection.release();
                            return Ok(answer);
                        }
                        None if left > 0 => left -= 1,
                        None => return Err(failed(sqlx::Error::PoolTimedOut)),
                    }
                }
            }
        }
    }
}

/// The answer, or nothing when the connection turned out to be broken before it was asked anything.
async fn read_postgres(
    connection: &mut PgConnection,
    scope: &ReadScope,
    plan: &Plan,
) -> Result<Option<Answer>, QueryError> {
    let mode = if plan.statements() <= 1 { postgres::Mode::Read } else { postgres::Mode::Snapshot };
    let of_all = scope.all_tenants && plan.node.table().is_tenant();
    let wall = if of_all { Scope::AllTenants } else { Scope::Tenant(scope.tenant.0) };
    // The server ends a statement by itself, should it not notice that its client is gone.
    let timeout = plan.limits.timeout.as_millis();
    let begin = format!("{}; SET LOCAL statement_timeout = {timeout}", postgres::begin_sql(mode, wall));
    let begin = AssertSqlSafe(begin);
    match sqlx::Connection::begin_with(connection, begin).await {
        // Dropping the transaction ends it; the answer need not wait for that.
        Ok(mut tx) => Fetch::new(Connection::Postgres(&mut tx), scope, plan).run().await.map(Some),
        Err(error) if error::is_broken(&error) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

async fn read_sqlite(
    connection: &mut SqliteConnection,
    scope: &ReadScope,
    plan: &Plan,
) -> Result<Answer, QueryError> {
    if plan.statements() <= 1 {
        return Fetch::new(Connection::Sqlite(connection), scope, plan).run().await;
    }
    let mut snapshot = sqlx::Connection::begin(connection).await.map_err(failed)?;
    let answer = Fetch::new(Connection::Sqlite(&mut snapshot), scope, plan).run().await?;
    // Nothing was written: ending the transaction either way only releases the snapshot.
    snapshot.rollback().await.map_err(failed)?;
    Ok(answer)
}

/// What PostgreSQL says when it ends a statement at `statement_timeout`.
const QUERY_CANCELED: &str = "57014";

/// A failure of the driver as storage's own error, which knows what may be tried again.
fn failed(error: sqlx::Error) -> QueryError {
    let error = match error {
        sqlx::Error::Database(error) if error.code().as_deref() == Some(QUERY_CANCELED) => {
            return too_slow(None).into();
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => error::not_acquired(error),
        other => error::not_queried(other),
    };
    StorageError::from(error).into()
}

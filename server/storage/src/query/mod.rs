//! The read API's second half: a plan of `signalbox_core::query` becomes statements, and their rows become the answer.
//!
//! The only way in is [`Store::query`], which takes the scope: no statement is built without the tenant predicate. One
//! statement per level of the plan, all of them in one read transaction, and the answer is JSON text written straight
//! from the rows. What differs between databases is in `dialect.rs`.

mod answer;
mod compile;
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

use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use signalbox_core::query::{Plan, ReadScope, Rejection};
use sqlx::{SqliteConnection, SqlitePool};

use crate::dialect::Dialect;
use crate::{StorageError, Store};
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
        Ok(answer(self.readers().get_sqlite_connection_pool(), scope, plan).await?.json)
    }
}

async fn answer(pool: &SqlitePool, scope: &ReadScope, plan: &Plan) -> Result<Answer, QueryError> {
    let mut connection = Abandonable::acquire(pool).await?;
    let answer = within(plan.limits.timeout, read(connection.connection(), scope, plan)).await?;
    connection.release();
    Ok(answer)
}

async fn read(
    connection: &mut SqliteConnection,
    scope: &ReadScope,
    plan: &Plan,
) -> Result<Answer, QueryError> {
    if plan.statements() <= 1 {
        return Fetch::new(connection, Dialect::Sqlite, scope, plan).run().await;
    }
    let mut snapshot = sqlx::Connection::begin(connection).await.map_err(failed)?;
    let answer = Fetch::new(&mut snapshot, Dialect::Sqlite, scope, plan).run().await?;
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
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        other => DbErr::Query(RuntimeErr::SqlxError(Arc::new(other))),
    };
    StorageError::from(error).into()
}

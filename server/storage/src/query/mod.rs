//! The read API's second half: a plan of `signalbox_core::query` becomes statements, and their rows become the answer.
//!
//! The only way in is [`answer`], which takes the scope: no statement is built without the tenant predicate. One
//! statement per level of the plan, all of them in one read transaction, and the answer is JSON text written straight
//! from the rows. What differs between databases is in `dialect.rs`.

mod answer;
mod compile;
mod fetch;
mod filter;
mod order;
mod value;

#[cfg(test)]
mod tests;

use signalbox_core::query::{Plan, ReadScope, Rejection};
use sqlx::SqlitePool;

use crate::dialect::Dialect;
use fetch::Fetch;

/// Why a plan has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The rows are more than the plan's limits allow.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The database failed.
    #[error("reading {table} failed")]
    Database {
        /// The table of the level.
        table: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
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
pub struct Answer {
    /// A JSON value.
    pub json: String,
    /// Statements that read rows; at most [`Plan::statements`].
    pub statements: usize,
}

/// Answers one root field for one tenant. All statements see the same snapshot of the database.
///
/// # Errors
/// See [`QueryError`].
pub(crate) async fn answer(pool: &SqlitePool, scope: &ReadScope, plan: &Plan) -> Result<Answer, QueryError> {
    let lost = |source| QueryError::Database { table: "the connection", source };
    let mut connection = pool.acquire().await.map_err(lost)?;
    if plan.statements() <= 1 {
        return Fetch::new(&mut connection, Dialect::Sqlite, scope, plan).run().await;
    }
    let mut snapshot = sqlx::Connection::begin(&mut *connection).await.map_err(lost)?;
    let answer = Fetch::new(&mut snapshot, Dialect::Sqlite, scope, plan).run().await?;
    // Nothing was written: ending the transaction either way only releases the snapshot.
    snapshot.rollback().await.map_err(lost)?;
    Ok(answer)
}

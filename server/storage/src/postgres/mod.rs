//! Statements on PostgreSQL. They do not go through sea-orm's pool, because each connection must be told whose rows it
//! may touch before it does (`wall.rs`): that travels with BEGIN, so it costs no way of its own, and ends with the
//! transaction, so that nothing of it is left on a connection that goes back to the pool.

mod begin;
mod bind;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use begin::{Mode, begin, begin_sql};
pub(crate) use bind::bind;
pub(crate) use run::{commit, execute, execute_alone, query, query_alone, set_scope};

/// A transaction on a connection of the pool; dropped, it is rolled back.
pub(crate) type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

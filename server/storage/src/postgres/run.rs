//! Sending single statements.

use super::{Mode, Transaction, begin, bind};
use crate::{error, tx::Scope};
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, postgres::PgArguments, query::Query};

/// A statement in a transaction of its own.
pub(crate) async fn execute_alone(
    pool: &PgPool,
    scope: Scope,
    statement: Statement,
) -> Result<ExecResult, DbErr> {
    let mut tx = begin(pool, Mode::Write, scope).await?;
    let result = execute(&mut tx, statement).await?;
    commit(tx).await?;
    Ok(result)
}

/// A query in a transaction of its own.
pub(crate) async fn query_alone(
    pool: &PgPool,
    scope: Scope,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    let mut tx = begin(pool, Mode::Read, scope).await?;
    // Nothing was written: dropping the transaction ends it, and the caller need not wait for that.
    query(&mut tx, statement).await
}

pub(crate) async fn execute(
    connection: &mut PgConnection,
    statement: Statement,
) -> Result<ExecResult, DbErr> {
    prepared(statement)?.execute(connection).await.map(ExecResult::from).map_err(error::not_executed)
}

pub(crate) async fn query(
    connection: &mut PgConnection,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    let rows = prepared(statement)?.fetch_all(connection).await.map_err(error::not_queried)?;
    Ok(rows.into_iter().map(QueryResult::from).collect())
}

/// Turns the transaction to the rows of another scope.
pub(crate) async fn set_scope(connection: &mut PgConnection, scope: Scope) -> Result<(), DbErr> {
    const SET: &str = "SELECT set_config('signalbox.tenant', $1, true)";
    sqlx::query(SET).bind(scope.setting()).execute(connection).await.map_err(error::not_executed)?;
    Ok(())
}

pub(crate) async fn commit(tx: Transaction) -> Result<(), DbErr> {
    tx.commit().await.map_err(error::not_executed)
}

/// Repositories write statements with parameters only, and few different ones: each stays prepared.
fn prepared(statement: Statement) -> Result<Query<'static, Postgres, PgArguments>, DbErr> {
    let values = statement.values.map(|values| values.0).unwrap_or_default();
    let arguments = bind(values).map_err(|error| error::not_queried(sqlx::Error::Encode(error)))?;
    Ok(sqlx::query_with(AssertSqlSafe(statement.sql), arguments))
}

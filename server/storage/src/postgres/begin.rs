//! Beginning transactions.

use super::Transaction;
use crate::{error, tx::Scope};
use sea_orm::DbErr;
use sqlx::{AssertSqlSafe, PgPool};

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reading and writing, each statement seeing what was committed before it.
    Write,
    /// One statement that reads.
    Read,
    /// Several statements that see the same moment.
    Snapshot,
}

/// Begins a transaction in a scope. Connections that broke while nobody used them (the server was restarted) are
/// passed over.
pub(crate) async fn begin(pool: &PgPool, mode: Mode, scope: Scope) -> Result<Transaction, DbErr> {
    let mut left = pool.options().get_max_connections();
    loop {
        match pool.begin_with(AssertSqlSafe(begin_sql(mode, scope))).await {
            Err(error) if error::is_broken(&error) && left > 0 => left -= 1,
            result => return result.map_err(error::not_acquired),
        }
    }
}

/// What begins a transaction, in one message.
pub(crate) fn begin_sql(mode: Mode, scope: Scope) -> String {
    let begin = match mode {
        Mode::Write => "BEGIN",
        Mode::Read => "BEGIN READ ONLY",
        Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    // The value is a uuid or a word of ours.
    format!("{begin}; SET LOCAL signalbox.tenant = '{}'", scope.setting())
}

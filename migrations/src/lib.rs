//! The database schema: one file per change, for SQLite and PostgreSQL alike.
//!
//! A released file is never edited. Each change has an `up` and a `down`; [`migrate`] applies what is
//! missing, each in a transaction of its own, under a lock.

mod m0001_initial;
mod m0002_event;
mod m0003_counts;
mod m0004_concurrency;
mod m0006_schedules;
mod runner;

pub use runner::{MigrationError, applied, migrate, revert};

use sea_orm::DbBackend;

/// One change of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name; the order of names is the order of changes.
    pub name: &'static str,
    /// Statements that make the change. `{uuid}`, `{bytes}`, `{json}`, `{timestamp}` stand for the dialect's types; a
    /// statement that begins with `[sqlite] ` or `[postgres] ` is for that database only.
    pub up: &'static [&'static str],
    /// Statements that take it back.
    pub down: &'static [&'static str],
}

/// Every change, oldest first.
pub const ALL: &[Migration] = &[
    m0001_initial::MIGRATION,
    m0002_event::MIGRATION,
    m0003_counts::MIGRATION,
    m0004_concurrency::MIGRATION,
    m0006_schedules::MIGRATION,
];

/// A statement with the dialect's column types; `None` when it is for the other dialect only.
fn for_dialect(statement: &str, dialect: DbBackend) -> Option<String> {
    let postgres = dialect == DbBackend::Postgres;
    let statement = match (statement.strip_prefix("[sqlite] "), statement.strip_prefix("[postgres] ")) {
        (Some(_), _) if postgres => return None,
        (_, Some(_)) if !postgres => return None,
        (Some(own), _) | (_, Some(own)) => own,
        (None, None) => statement,
    };
    let (uuid, bytes, json, timestamp) =
        if postgres { ("uuid", "bytea", "jsonb", "timestamptz") } else { ("blob", "blob", "text", "text") };
    let statement = statement
        .replace("{uuid}", uuid)
        .replace("{bytes}", bytes)
        .replace("{json}", json)
        .replace("{timestamp}", timestamp);
    Some(statement)
}

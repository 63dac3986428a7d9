//! The database schema: one file per change, for SQLite and PostgreSQL alike.
//!
//! A released file is never edited. Each change has an `up` and a `down`; [`migrate`] applies what is
//! missing, each in a transaction of its own, under a lock.

mod m0001_initial;
mod runner;

pub use runner::{MigrationError, applied, migrate, revert};

use sea_orm::DbBackend;

/// One change of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name; the order of names is the order of changes.
    pub name: &'static str,
    /// Statements that make the change. `{uuid}`, `{bytes}`, `{json}`, `{timestamp}` stand for the dialect's types.
    pub up: &'static [&'static str],
    /// Statements that take it back.
    pub down: &'static [&'static str],
}

/// Every change, oldest first.
pub const ALL: &[Migration] = &[m0001_initial::MIGRATION];

/// Writes the dialect's column types into a statement.
fn for_dialect(statement: &str, dialect: DbBackend) -> String {
    let (uuid, bytes, json, timestamp) = match dialect {
        DbBackend::Postgres => ("uuid", "bytea", "jsonb", "timestamptz"),
        _ => ("blob", "blob", "text", "text"),
    };
    statement
        .replace("{uuid}", uuid)
        .replace("{bytes}", bytes)
        .replace("{json}", json)
        .replace("{timestamp}", timestamp)
}

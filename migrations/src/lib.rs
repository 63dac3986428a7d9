//! The database schema: one file per change, for SQLite and PostgreSQL alike.
//!
//! A released file is never edited. Each change has an `up` and a `down`; [`migrate`] applies what is
//! missing, each in a transaction of its own, under a lock.

mod m0001_initial;
mod m0002_event;
mod m0003_counts;
mod m0004_concurrency;
mod m0005_leases;
mod m0006_schedules;
mod m0007_retention;
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
    m0005_leases::MIGRATION,
    m0006_schedules::MIGRATION,
    m0007_retention::MIGRATION,
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
    let makes_columns = ["CREATE TABLE", "ALTER TABLE"].iter().any(|verb| statement.starts_with(verb));
    Some(if postgres && makes_columns { by_code_point(&statement) } else { statement })
}

/// The statement with every text column compared and ordered by code point, as SQLite does it, whatever the
/// database's own collation is.
fn by_code_point(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len() + 256);
    let mut before = "";
    for word in
        statement.split_inclusive(|character: char| !(character.is_alphanumeric() || character == '_'))
    {
        let name =
            word.trim_end_matches(|character: char| !(character.is_alphanumeric() || character == '_'));
        // A type stands behind a column's name; what stands behind anything else is a column that is called so.
        let is_type = name == "text" && !before.is_empty() && !["COLUMN", "EXISTS"].contains(&before);
        out.push_str(name);
        if is_type {
            out.push_str(" COLLATE \"C\"");
        }
        out.push_str(&word[name.len()..]);
        let ends = word[name.len()..].contains([',', '(', ')']);
        before = match (ends, name) {
            (true, _) => "",
            (false, "") => before,
            (false, name) => name,
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::for_dialect;
    use sea_orm::DbBackend;

    #[test]
    fn types_and_collations_are_the_dialects() {
        let table = "CREATE TABLE a (id {uuid} NOT NULL, name text NOT NULL, text text, b {json}, c\n   text, UNIQUE (text, name))";
        assert_eq!(
            for_dialect(table, DbBackend::Postgres).unwrap(),
            "CREATE TABLE a (id uuid NOT NULL, name text COLLATE \"C\" NOT NULL, text text COLLATE \"C\", b jsonb, \
             c\n   text COLLATE \"C\", UNIQUE (text, name))"
        );
        assert_eq!(
            for_dialect("ALTER TABLE a ADD COLUMN text text", DbBackend::Postgres).unwrap(),
            "ALTER TABLE a ADD COLUMN text text COLLATE \"C\""
        );
        assert_eq!(
            for_dialect("ALTER TABLE a ADD COLUMN d text", DbBackend::Sqlite)
                .unwrap()
                .matches("text")
                .count(),
            1
        );
        assert_eq!(
            for_dialect("CREATE INDEX i ON a (text)", DbBackend::Postgres).unwrap(),
            "CREATE INDEX i ON a (text)"
        );
    }

    #[test]
    fn a_statement_may_be_for_one_dialect_only() {
        assert_eq!(for_dialect("[sqlite] x", DbBackend::Postgres), None);
        assert_eq!(for_dialect("[sqlite] x", DbBackend::Sqlite).as_deref(), Some("x"));
        assert_eq!(for_dialect("[postgres] x", DbBackend::Postgres).as_deref(), Some("x"));
    }
}

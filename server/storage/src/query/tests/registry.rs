//! The registry and the migrated database agree.

use signalbox_backing::{Backing, Database};
use signalbox_core::registry::{Kind, TABLES};

use crate::Store;

/// Tables that the read API does not show at all.
const UNREADABLE: [&str; 4] = ["event_position", "flow_run_count", "log_position", "schema_migration"];

/// Name, type, and whether it can be null, of a table's columns, sorted.
async fn stored(database: &mut Database, table: &str) -> Vec<(String, String, bool)> {
    let sql = match database {
        Database::Sqlite(_) => {
            format!(
                "SELECT name, lower(type), CASE \"notnull\" WHEN 0 THEN 'YES' END FROM pragma_table_info('{table}')"
            )
        }
        // The collation is part of the type: all text is ordered by code point.
        Database::Postgres(_) => format!(
            "SELECT column_name, udt_name || coalesce(' ' || collation_name, ''), is_nullable
               FROM information_schema.columns WHERE table_name = '{table}'"
        ),
    };
    let mut columns: Vec<_> = database
        .rows(&sql)
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone(), row[2] == "YES"))
        .collect();
    columns.sort();
    columns
}

fn declared(kind: Kind, postgres: bool) -> &'static str {
    match (kind, postgres) {
        (Kind::Uuid | Kind::Bytes, false) => "blob",
        (Kind::Text | Kind::Timestamp | Kind::Json, false) => "text",
        (Kind::Integer | Kind::Long | Kind::Interval, false) => "bigint",
        (Kind::Boolean, false) => "boolean",
        (Kind::Uuid, true) => "uuid",
        (Kind::Bytes, true) => "bytea",
        (Kind::Text, true) => "text C",
        (Kind::Timestamp, true) => "timestamptz",
        (Kind::Json, true) => "jsonb",
        (Kind::Integer | Kind::Long | Kind::Interval, true) => "int8",
        (Kind::Boolean, true) => "bool",
    }
}

#[tokio::test]
async fn every_column_exists_and_every_column_is_registered() {
    let backing = Backing::new();
    let _store = Store::open(&backing.database_url()).await.unwrap();
    let mut database = backing.database().await;
    let mut tables = database.table_names().await;
    tables.retain(|table| !UNREADABLE.contains(&table.as_str()));
    tables.sort();
    let mut registered: Vec<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    registered.sort();
    assert_eq!(registered, tables);
    for table in TABLES {
        let mut columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| {
                (
                    column.name.to_owned(),
                    declared(column.kind, backing.is_postgres()).to_owned(),
                    column.nullable,
                )
            })
            .collect();
        columns.sort();
        assert_eq!(columns, stored(&mut database, table.name).await, "{}", table.name);
    }
}

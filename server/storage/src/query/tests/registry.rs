//! The registry and the migrated database agree.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use signalbox_core::registry::{Kind, TABLES};

use crate::Store;

/// Tables that the read API does not show at all.
const UNREADABLE: [&str; 4] = ["event_position", "flow_run_count", "log_position", "schema_migration"];

#[tokio::test]
async fn every_column_exists_and_every_column_is_registered() {
    let folder = tempfile::TempDir::new().unwrap();
    let store = Store::open(&format!("sqlite://{}", folder.path().join("s.db").display())).await.unwrap();
    let rows = async |sql: &str| {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        store.readers().query_all_raw(statement).await.unwrap()
    };
    let mut tables: Vec<String> = Vec::new();
    for row in rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").await
    {
        tables.push(row.try_get("", "name").unwrap());
    }
    tables.retain(|table| !UNREADABLE.contains(&table.as_str()));
    tables.sort();
    let mut registered: Vec<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    registered.sort();
    assert_eq!(registered, tables);
    for table in TABLES {
        let mut stored: Vec<(String, String, bool)> = Vec::new();
        for row in rows(&format!("PRAGMA table_info(\"{}\")", table.name)).await {
            let required: i32 = row.try_get("", "notnull").unwrap();
            stored.push((row.try_get("", "name").unwrap(), row.try_get("", "type").unwrap(), required == 0));
        }
        stored.sort();
        let declared = |kind: Kind| match kind {
            Kind::Uuid | Kind::Bytes => "BLOB",
            Kind::Text | Kind::Timestamp | Kind::Json => "TEXT",
            Kind::Integer | Kind::Long | Kind::Interval => "bigint",
            Kind::Boolean => "boolean",
        };
        let mut columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| (column.name.to_owned(), declared(column.kind).to_lowercase(), column.nullable))
            .collect();
        columns.sort();
        let stored: Vec<_> =
            stored.into_iter().map(|(name, ty, nullable)| (name, ty.to_lowercase(), nullable)).collect();
        assert_eq!(columns, stored, "{}", table.name);
    }
}

//! Every migration can be taken back, and made again with the same result.

use sea_orm::Database as Connect;
use signalbox_backing::{Backing, Database};
use signalbox_migrations::{ALL, applied, migrate, revert};

/// All that the database knows of its schema, as text.
async fn schema(database: &mut Database) -> Vec<String> {
    let queries: &[&str] = match database {
        Database::Sqlite(_) => &["SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"],
        Database::Postgres(_) => &[
            "SELECT concat_ws(' ', table_name, ordinal_position, column_name, udt_name, collation_name, is_nullable,
                    column_default) FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
              WHERE connamespace = 'public'::regnamespace ORDER BY 1",
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
            "SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        ],
    };
    let mut schema = Vec::new();
    for query in queries {
        schema.extend(database.column(query).await);
    }
    schema
}

#[tokio::test]
async fn up_down_up() {
    let backing = Backing::new();
    let url = backing.database_url().replace(".db", ".db?mode=rwc");
    let db = Connect::connect(&url).await.unwrap();
    let names: Vec<_> = ALL.iter().map(|migration| migration.name).collect();
    assert_eq!(migrate(&db).await.unwrap(), names);
    let mut database = backing.database().await;
    let first = schema(&mut database).await;
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(migrate(&db).await.unwrap(), [""; 0], "what was applied is not applied again");

    revert(&db).await.unwrap();
    assert!(applied(&db).await.unwrap().is_empty());
    assert_eq!(database.table_names().await, ["schema_migration"]);

    assert_eq!(migrate(&db).await.unwrap(), names);
    assert_eq!(schema(&mut database).await, first);
}

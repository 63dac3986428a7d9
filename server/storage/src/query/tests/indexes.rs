//! Nested levels and conditions find their rows by an index on the relationship's key, never by walking a table.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use signalbox_core::registry::TABLES;

use super::{Build, field, plan, sql};
use crate::Store;

/// Relationships whose key has no index: a handful of rows each. The list may only shrink.
const WALKED: [&str; 1] = ["agent_config.agents"];

#[tokio::test]
async fn every_relationship_is_found_by_its_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let store = Store::open(&format!("sqlite://{}", folder.path().join("s.db").display())).await.unwrap();
    let steps = async |sql: String| {
        let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = store.readers().query_all_raw(explain).await.unwrap();
        rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect::<Vec<String>>()
    };
    let mut walked = Vec::new();
    for table in TABLES {
        for relation in table.relations {
            let name = format!("{}.{}", table.name, relation.name);
            let rows = plan(&field(table.name).of([field(relation.name).of([field("id")])]));
            let nested = steps(sql::nested_sqlite(&rows)).await;
            let condition = json!({"where": {relation.name: {"created": {"_is_null": false}}}});
            let related =
                steps(sql::sqlite(&plan(&field(table.name).with(condition).of([field("id")])))).await;
            let by_key = |steps: &[String], alias: &str| {
                let search = format!("SEARCH {alias} ");
                let key = format!("({}=?", relation.remote);
                steps.iter().any(|step| step.starts_with(&search) && step.contains(&key))
            };
            if !by_key(&nested, "t0") || !by_key(&related, "t1") {
                assert!(WALKED.contains(&name.as_str()), "{name}: {nested:?} {related:?}");
                walked.push(name);
            }
        }
    }
    assert_eq!(walked, WALKED);
}

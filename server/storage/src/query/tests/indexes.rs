//! Nested levels and conditions find their rows by an index on the relationship's key, never by walking a table.

use serde_json::json;
use signalbox_backing::Backing;
use signalbox_core::registry::TABLES;

use super::{Build, field, plan, sql};
use crate::Store;

/// Relationships whose key has no index: a handful of rows each. The list may only shrink.
const WALKED: [&str; 1] = ["agent_config.agents"];

#[tokio::test]
async fn every_relationship_is_found_by_its_key() {
    // PostgreSQL goes by the rows that are there; on an empty table any plan is right.
    let backing = Backing::sqlite();
    let _store = Store::open(&backing.database_url()).await.unwrap();
    let mut database = backing.database().await;
    let mut steps = async |sql: String| {
        let rows = database.rows(&format!("EXPLAIN QUERY PLAN {sql}")).await;
        rows.into_iter().map(|mut row| row.remove(3)).collect::<Vec<String>>()
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

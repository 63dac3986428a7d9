//! Looking for silent runs must cost what is at work, not what there is.

use crate::Store;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

#[tokio::test]
async fn silent_runs_are_found_by_the_index_of_runs_at_work() {
    let folder = tempfile::TempDir::new().unwrap();
    let store = Store::open(&format!("sqlite://{}", folder.path().join("s.db").display())).await.unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {}", super::SILENT);
    let rows = store
        .read_of_everybody()
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, explain))
        .await
        .unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
    let first = steps.iter().find(|step| step.contains(" r ")).unwrap();
    assert!(first.starts_with("SEARCH r USING INDEX flow_run_at_work"), "{steps:?}");
    assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
}

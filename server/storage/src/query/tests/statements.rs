//! The number of statements, their reuse, the snapshot and the limits that need rows.

use serde_json::{Value, json};
use signalbox_backing::{Backing, Database};
use signalbox_core::query::{ReadLimits, Selection};
use signalbox_schema::ErrorCode;

use super::super::QueryError;
use super::{Build, field, plan, plan_within, scope};
use crate::Store;

const SEED: &str = include_str!("seed.sql");

pub(super) async fn seeded() -> (Store, Database, Backing) {
    let backing = Backing::new();
    let store = Store::open(&backing.database_url()).await.unwrap();
    let mut database = backing.database().await;
    database.execute(SEED).await;
    (store, database, backing)
}

/// The answer, and the number of statements that were sent for it.
pub(super) async fn run(store: &Store, selection: &Selection) -> (Value, usize) {
    let plan = plan(selection);
    let answer = store.answer(&scope(), &plan).await.unwrap();
    assert!(answer.statements <= plan.statements());
    (serde_json::from_str(&answer.json).unwrap(), answer.statements)
}

fn wide() -> Selection {
    field("project").with(json!({"order_by": {"name": "asc"}})).of([
        field("name"),
        field("flows").with(json!({"order_by": {"version": "desc"}, "limit": 2})).of([
            field("name"),
            field("flow_runs").with(json!({"distinct_on": "state"})).of([
                field("id"),
                field("task_runs").of([field("id"), field("task").of([field("name")])]),
                field("logs_aggregate")
                    .of([field("aggregate").of([field("count")]), field("nodes").of([field("message")])]),
            ]),
            field("flow_group").of([field("name")]),
        ]),
    ])
}

#[tokio::test]
async fn one_for_each_level_whatever_the_number_of_rows() {
    let (store, mut database, _backing) = seeded().await;
    assert_eq!(plan(&wide()).statements(), 8);
    let (answer, statements) = run(&store, &wide()).await;
    assert_eq!(statements, 8);
    assert!(!answer[1]["flows"][0]["flow_runs"].as_array().unwrap().is_empty(), "{answer}");
    // Ids of new rows: those of their runs with two other digits in the middle.
    let id = match &database {
        Database::Sqlite(_) => "unhex(substr(hex(r.id), 1, 16) || n.hex || substr(hex(r.id), 19))",
        Database::Postgres(_) => "(substr(r.id::text, 1, 19) || n.hex || substr(r.id::text, 22))::uuid",
    };
    let numbers = "(SELECT 'd1' AS hex UNION ALL SELECT 'd2' UNION ALL SELECT 'd3' UNION ALL SELECT 'd4' UNION ALL
        SELECT 'd5' UNION ALL SELECT 'd6' UNION ALL SELECT 'd7' UNION ALL SELECT 'd8' UNION ALL SELECT 'd9') AS n";
    database
        .execute(&format!(
            "INSERT INTO log (id, created, updated, tenant_id, flow_run_id, timestamp, message, is_loaded_from_archive)
             SELECT {id}, created, updated, tenant_id, r.id, created, n.hex, false FROM flow_run r, {numbers};
             INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, parameters, labels, scheduled_start_time,
                 auto_scheduled, version, state, times_resurrected, labels_key)
             SELECT {id}, created, updated, tenant_id, flow_id, parameters, labels, scheduled_start_time,
                 auto_scheduled, version, n.hex, times_resurrected, labels_key FROM flow_run r, {numbers}",
        ))
        .await;
    let (answer, statements) = run(&store, &wide()).await;
    assert!(answer[1]["flows"][0]["flow_runs"].as_array().unwrap().len() > 9, "{answer}");
    assert_eq!(statements, 8);
    let (_, statements) = run(&store, &field("flow_run").of([field("id")])).await;
    assert_eq!(statements, 1);
    let by_id = field("flow_by_pk").with(json!({"id": "40000000-0000-4000-8000-000000000002"}));
    assert_eq!(run(&store, &by_id.of([field("id"), field("project").of([field("id")])])).await.1, 2);
}

#[tokio::test]
async fn no_parents_no_statements() {
    let (store, _database, _backing) = seeded().await;
    let nobody = field("flow_run").with(json!({"where": {"_or": []}})).of([
        field("flow").of([field("id")]),
        field("logs_aggregate").of([field("aggregate").of([field("count")])]),
    ]);
    assert_eq!(run(&store, &nobody).await, (json!([]), 1));
}

#[tokio::test]
async fn more_rows_than_the_limits_allow_are_refused_not_cut() {
    let (store, _database, _backing) = seeded().await;
    let limits = ReadLimits { max_rows_root: 3, max_rows_level: 6, ..ReadLimits::default() };
    let ask = async |selection: Selection| {
        store.query(&scope(), &plan_within(&selection, &limits)).await.map(|json| json.matches("id").count())
    };
    let refused = |result: Result<usize, QueryError>| match result {
        Err(QueryError::Rejected(rejection)) => (rejection.code, rejection.message),
        other => panic!("not refused: {other:?}"),
    };
    let id = || field("id");
    let (code, message) = refused(ask(field("flow_run").of([id()])).await);
    assert_eq!(code, ErrorCode::LimitReached);
    insta::assert_snapshot!(message, @"flow_run has more than 3 rows here, the most one answer holds (max_rows); use limit and offset, or a narrower where");
    let (code, _) = refused(ask(field("flow_run").with(json!({"limit": 4})).of([id()])).await);
    assert_eq!(code, ErrorCode::LimitReached);
    assert_eq!(ask(field("flow_run").with(json!({"limit": 3})).of([id()])).await.unwrap(), 3);
    let three = || field("flow_run").with(json!({"order_by": {"id": "asc"}, "limit": 3}));
    // The three runs have seven task runs together.
    refused(ask(three().of([field("task_runs").of([id()])])).await);
    let one_each = field("task_runs").with(json!({"limit": 1})).of([id()]);
    assert_eq!(ask(three().of([one_each])).await.unwrap(), 3);
}

#[tokio::test]
async fn the_text_does_not_depend_on_the_values() {
    let text = |condition: Value| {
        let plan = plan(&field("task_run").with(json!({"where": condition, "limit": 7})).of([field("id")]));
        super::sql::sqlite(&plan)
    };
    let by_ids = |count: u32| {
        let ids: Vec<_> = (0..count).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
        text(json!({"id": {"_in": ids}, "name": {"_nin": ["a", "b"]}, "state": {"_eq": "x"}}))
    };
    assert_eq!(by_ids(2), by_ids(5000));
    assert_ne!(by_ids(1), by_ids(2));
    assert!(!by_ids(9).contains("00000000"));
}

//! What ends a read that takes too long or answers too much.

use std::time::{Duration, Instant};

use serde_json::json;
use signalbox_backing::{Backing, Database};
use signalbox_core::query::{ReadLimits, Selection};
use signalbox_schema::ErrorCode;

use super::super::QueryError;
use super::statements::seeded;
use super::{Build, field, plan_within, scope};
use crate::Store;

/// Enough lines that looking through all of them takes seconds.
async fn crowded() -> (Store, Backing) {
    let (store, mut database, backing) = seeded().await;
    let (id, text) = match &database {
        Database::Sqlite(_) => ("randomblob(16)", "hex(randomblob(200))"),
        Database::Postgres(_) => ("gen_random_uuid()", "upper(repeat(md5(random()::text), 12))"),
    };
    database
        .execute(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
             INSERT INTO log (id, created, updated, tenant_id, flow_run_id, timestamp, message, is_loaded_from_archive)
             SELECT {id}, created, updated, tenant_id, id, created, {text}, false
             FROM (SELECT * FROM flow_run LIMIT 1) AS r, n"
        ))
        .await;
    (store, backing)
}

/// Compares every line with a pattern that backtracks.
fn slow() -> Selection {
    let pattern = format!("{}x", "%a%b%c%d".repeat(8));
    field("log").with(json!({"where": {"message": {"_ilike": pattern}}})).of([field("id")])
}

async fn refused(store: &Store, selection: &Selection, limits: &ReadLimits) -> String {
    match store.query(&scope(), &plan_within(selection, limits)).await {
        Err(QueryError::Rejected(rejection)) => {
            assert_eq!(rejection.code, ErrorCode::LimitReached);
            rejection.message
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_stopped_and_its_connection_is_free() {
    let (store, _backing) = crowded().await;
    let limits = ReadLimits { timeout: Duration::from_millis(10), ..ReadLimits::default() };
    let began = Instant::now();
    // More than there are connections, one after another.
    for _ in 0..8 {
        let message = refused(&store, &slow(), &limits).await;
        assert!(message.contains("longer than the 10 ms allowed (query_timeout_seconds)"), "{message}");
    }
    let quick = plan_within(&field("project").of([field("id")]), &ReadLimits::default());
    let answer = tokio::time::timeout(Duration::from_secs(5), store.query(&scope(), &quick)).await;
    assert!(answer.unwrap().unwrap().starts_with("[{"));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_read_whose_caller_is_gone_is_stopped() {
    let (store, _backing) = crowded().await;
    for _ in 0..8 {
        let (store, plan) = (store.clone(), plan_within(&slow(), &ReadLimits::default()));
        let reading = tokio::spawn(async move { store.query(&scope(), &plan).await.map(|_| ()) });
        tokio::time::sleep(Duration::from_millis(5)).await;
        reading.abort();
        let _ = reading.await;
    }
    let quick = plan_within(&field("project").of([field("id")]), &ReadLimits::default());
    let answer = tokio::time::timeout(Duration::from_secs(5), store.query(&scope(), &quick)).await;
    answer.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_is_no_larger_than_allowed() {
    let (store, _backing) = crowded().await;
    let limits = ReadLimits { max_answer_bytes: 100_000, ..ReadLimits::default() };
    let lines = |count: u32| field("log").with(json!({"limit": count})).of([field("message")]);
    let message = refused(&store, &lines(1_000), &limits).await;
    assert!(message.contains("more than 100000 bytes (max_answer_bytes)"), "{message}");
    // The lists of one request share what is allowed.
    let first = plan_within(&lines(150), &limits);
    let mut second = plan_within(&lines(150), &limits);
    store.query(&scope(), &first).await.unwrap();
    second.allowance = std::sync::Arc::clone(&first.allowance);
    store.query(&scope(), &second).await.unwrap_err();
}

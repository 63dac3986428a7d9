//! What a dashboard asks for, at the size it asks for: the number of statements does not know about rows.

use serde_json::{Value, json};
use signalbox_backing::Database;

use super::statements::{run, seeded};
use super::{Build, field};

const RUNS: usize = 50;
const MAPPED: usize = 200;
const STATES: usize = 2;
const LINES: usize = 5;
const SHOWN: usize = 3;

/// Statements that make the rows from the first run of the seed. `id` is the database's way to make one.
fn rows(id: &str) -> [String; 4] {
    let numbers = |most: usize| {
        format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {})", most - 1)
    };
    [
        format!(
            "INSERT INTO flow_run (id, created, updated, tenant_id, flow_id, name, parameters, labels,
                 scheduled_start_time, auto_scheduled, version, state, times_resurrected, labels_key)
             {} SELECT {id}, created, updated, tenant_id, flow_id, 'wide', parameters, labels, scheduled_start_time,
                 auto_scheduled, version, state, times_resurrected, labels_key
             FROM (SELECT * FROM flow_run WHERE name = 'calm-heron') r CROSS JOIN n",
            numbers(RUNS)
        ),
        format!(
            "INSERT INTO task_run (id, created, updated, tenant_id, flow_run_id, task_id, map_index, version)
             {} SELECT {id}, r.created, r.updated, r.tenant_id, r.id,
                 (SELECT t.task_id FROM task_run t JOIN flow_run f ON f.id = t.flow_run_id
                  WHERE f.name = 'calm-heron' ORDER BY t.id LIMIT 1), i, 1
             FROM flow_run r CROSS JOIN n WHERE r.name = 'wide'",
            numbers(MAPPED)
        ),
        format!(
            "INSERT INTO task_run_state (id, created, updated, tenant_id, task_run_id, timestamp, state, version,
                 serialized_state)
             {} SELECT {id}, t.created, t.updated, t.tenant_id, t.id, t.created, 'Running', i, '{{}}'
             FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id CROSS JOIN n WHERE r.name = 'wide'",
            numbers(STATES)
        ),
        format!(
            "INSERT INTO log (id, created, updated, tenant_id, flow_run_id, task_run_id, timestamp, level, message,
                 is_loaded_from_archive)
             {} SELECT {id}, t.created, t.updated, t.tenant_id, t.flow_run_id, t.id, t.created, CAST(i AS text),
                 'line', FALSE
             FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id CROSS JOIN n WHERE r.name = 'wide'",
            numbers(LINES)
        ),
    ]
}

#[tokio::test]
async fn fifty_runs_with_ten_thousand_task_runs_take_five_statements() {
    let (store, mut database, _backing) = seeded().await;
    let id = match &database {
        Database::Sqlite(_) => "randomblob(16)",
        Database::Postgres(_) => "gen_random_uuid()",
    };
    for statement in rows(id) {
        database.execute(&statement).await;
    }
    let logs =
        field("logs").with(json!({"order_by": {"level": "desc"}, "limit": SHOWN})).of([field("level")]);
    let states = field("states").with(json!({"order_by": {"version": "asc"}})).of([field("version")]);
    let task_runs = field("task_runs").with(json!({"order_by": {"map_index": "asc"}})).of([
        field("map_index"),
        states,
        logs,
    ]);
    let runs = field("flow_run")
        .with(json!({"where": {"name": {"_eq": "wide"}}, "order_by": {"created": "desc"}, "limit": RUNS}))
        .of([field("id"), field("flow").of([field("name")]), task_runs]);
    let (answer, statements) = run(&store, &runs).await;
    assert_eq!(statements, 5);
    assert_whole(&answer);
    // Half of it takes as many.
    let (_, statements) =
        run(&store, &runs.with(json!({"where": {"name": {"_eq": "wide"}}, "limit": 1}))).await;
    assert_eq!(statements, 5);
}

fn assert_whole(answer: &Value) {
    let lines: Vec<_> = (0..LINES).rev().take(SHOWN).map(|line| json!({"level": line.to_string()})).collect();
    let states: Vec<_> = (0..STATES).map(|version| json!({ "version": version })).collect();
    let runs = answer.as_array().unwrap();
    assert_eq!(runs.len(), RUNS);
    for run in runs {
        assert!(run["flow"]["name"].is_string());
        let task_runs = run["task_runs"].as_array().unwrap();
        assert_eq!(task_runs.len(), MAPPED);
        for (index, task_run) in task_runs.iter().enumerate() {
            let expected = json!({"map_index": index, "states": states, "logs": lines});
            assert_eq!(*task_run, expected);
        }
    }
}

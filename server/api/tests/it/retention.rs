//! Retention: what goes, what stays, and what is told of it.

use crate::world::World;
use serde_json::{Value, json};
use signalbox_core::access::{Role, Viewer};
use signalbox_schema::ErrorCode;
use signalbox_services::{
    background::retention::{Sweeper, Swept},
    streams,
};
use signalbox_storage::{Commit, Observer};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const DAY: i64 = 86_400;

/// Counts transactions that changed something.
#[derive(Default)]
struct Commits(AtomicUsize);

impl Observer for Commits {
    fn committed(&self, _: &Commit) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A run that was reported on and has not ended, with so many log lines.
async fn running(world: &World, flow: &str, lines: usize) -> String {
    let run = world.id("create_flow_run", json!({ "flow_id": flow })).await;
    set(world, &run, "Running").await;
    for task_run in task_runs(world, &run).await {
        for state in ["Running", "Success"] {
            let states =
                json!({"states": [{"task_run_id": task_run, "state": {"type": state}, "version": null}]});
            world.mutate("set_task_run_states", "states { status }", states).await;
        }
    }
    let line = |number| json!({"flow_run_id": run, "message": format!("line {number}"), "name": "x", "level": "INFO"});
    let logs: Vec<Value> = (0..lines).map(line).collect();
    world.success("write_run_logs", json!({ "logs": logs })).await;
    run
}

async fn ended(world: &World, flow: &str, lines: usize) -> String {
    let run = running(world, flow, lines).await;
    set(world, &run, "Success").await;
    run
}

async fn set(world: &World, run: &str, state: &str) {
    let states = json!({"states": [{"flow_run_id": run, "state": {"type": state}, "version": null}]});
    world.mutate("set_flow_run_states", "states { status }", states).await;
}

async fn task_runs(world: &World, run: &str) -> Vec<String> {
    let query = format!("{{ task_run(where: {{flow_run_id: {{_eq: \"{run}\"}}}}) {{ id }} }}");
    let rows = world.query(&query).await["task_run"].take();
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// What there is of a run: logs, states, task runs, their states; null when it is gone.
async fn left(world: &World, run: &str) -> Value {
    let counted = "aggregate { count }";
    let query = format!(
        "{{ flow_run_by_pk(id: \"{run}\") {{ logs_aggregate {{ {counted} }} states_aggregate {{ {counted} }}
            task_runs_aggregate {{ {counted} }} task_runs {{ states_aggregate {{ {counted} }} }} }} }}"
    );
    let row = world.query(&query).await["flow_run_by_pk"].take();
    if row.is_null() {
        return row;
    }
    let count = |row: &Value, what: &str| row[what]["aggregate"]["count"].as_u64().unwrap();
    let of_tasks: Vec<u64> =
        row["task_runs"].as_array().unwrap().iter().map(|task| count(task, "states_aggregate")).collect();
    json!([count(&row, "logs_aggregate"), count(&row, "states_aggregate"), of_tasks])
}

async fn keep(world: &World, days: Value) -> Value {
    let mut input = days;
    input["tenant_id"] = json!(world.tenant());
    world.twice("set_tenant_retention", "logs_days states_days events_days runs_days", input).await
}

/// One pass of a task that remembers nothing; what went from the tenant.
async fn pass(world: &World) -> Swept {
    passed(world, &mut Sweeper::default()).await
}

async fn passed(world: &World, sweeper: &mut Sweeper) -> Swept {
    let all = sweeper.pass(world.services()).await.unwrap();
    all.get(&world.tenant().into()).copied().unwrap_or_default()
}

#[tokio::test]
async fn what_is_old_goes_by_its_kind() {
    let world = World::new().await;
    let flow = world.flow().await;
    let (old, open) = (ended(&world, &flow, 5).await, running(&world, &flow, 4).await);
    let whole = |lines: u64, states: u64| json!([lines, states, [3, 3]]);
    world.wait(20 * DAY);
    let young = ended(&world, &flow, 3).await;
    assert_eq!(pass(&world).await, Swept::default(), "nothing goes unless it is asked for");

    let set = keep(&world, json!({"logs_days": 10, "states_days": 15, "runs_days": 30})).await;
    assert_eq!(set, json!({"logs_days": 10, "states_days": 15, "events_days": null, "runs_days": 30}));
    // Two task runs had three states each, as had the run.
    let states = left(&world, &old).await[1].as_u64().unwrap();
    assert_eq!(pass(&world).await, Swept { logs: 5, states: states - 1 + 4, ..Swept::default() });
    assert_eq!(left(&world, &old).await, json!([0, 1, [1, 1]]));
    let last = format!("{{ flow_run_state(where: {{flow_run_id: {{_eq: \"{old}\"}}}}) {{ state }} }}");
    assert_eq!(world.query(&last).await["flow_run_state"], json!([{"state": "Success"}]));
    assert_eq!(left(&world, &young).await, whole(3, states));
    assert_eq!(left(&world, &open).await, whole(4, states - 1));
    assert_eq!(pass(&world).await, Swept::default(), "it is gone");

    world.wait(11 * DAY);
    assert_eq!(pass(&world).await, Swept { runs: 1, logs: 3, ..Swept::default() });
    assert_eq!(left(&world, &old).await, Value::Null);
    assert_eq!(left(&world, &young).await, whole(0, states));
    assert_eq!(left(&world, &open).await, whole(4, states - 1), "a run that has not ended loses nothing");

    keep(&world, json!({"logs_days": null, "states_days": null, "runs_days": null})).await;
    world.wait(1000 * DAY);
    assert_eq!(pass(&world).await, Swept::default(), "off again");
}

#[tokio::test]
async fn a_run_that_was_started_again_is_kept() {
    let world = World::new().await;
    let flow = world.flow().await;
    let again = ended(&world, &flow, 2).await;
    keep(&world, json!({"logs_days": 1, "runs_days": 2})).await;
    world.wait(5 * DAY);
    set(&world, &again, "Scheduled").await;
    assert_eq!(pass(&world).await, Swept::default());
    assert_eq!(left(&world, &again).await[0], 2);
    set(&world, &again, "Running").await;
    set(&world, &again, "Success").await;
    world.wait(DAY + 1);
    assert_eq!(pass(&world).await, Swept { logs: 2, ..Swept::default() });
}

#[tokio::test]
async fn large_runs_go_in_pieces_and_whole() {
    let world = World::new().await;
    let flow = world.flow().await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(ended(&world, &flow, 900).await);
    }
    keep(&world, json!({"runs_days": 1})).await;
    world.wait(2 * DAY);
    let commits = Arc::new(Commits::default());
    world.services().store().observe(commits.clone());
    assert_eq!(pass(&world).await, Swept { runs: 3, ..Swept::default() });
    // 2,700 lines and the rest of three runs, a thousand rows at a time, and the event.
    let commits = commits.0.load(Ordering::SeqCst);
    assert!((3..=5).contains(&commits), "{commits} transactions");
    for run in &runs {
        assert_eq!(left(&world, run).await, Value::Null);
    }
    for table in ["log", "task_run", "task_run_state", "flow_run_state", "flow_run"] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM {table}")).await, "0", "{table}");
    }
}

#[tokio::test]
async fn a_task_that_remembers_finds_what_comes_later() {
    let world = World::new().await;
    let flow = world.flow().await;
    let mut sweeper = Sweeper::default();
    keep(&world, json!({"logs_days": 3})).await;
    for _ in 0..4 {
        ended(&world, &flow, 2).await;
        world.wait(2 * DAY);
        passed(&world, &mut sweeper).await;
    }
    world.wait(4 * DAY);
    passed(&world, &mut sweeper).await;
    assert_eq!(world.value("SELECT count(*) FROM log").await, "0");
}

#[tokio::test]
async fn events_go_at_their_old_end_and_tell_what_went() {
    let world = World::new().await;
    let flow = world.flow().await;
    ended(&world, &flow, 2).await;
    let before: u64 = world.value("SELECT count(*) FROM event").await.parse().unwrap();
    world.wait(9 * DAY);
    ended(&world, &flow, 0).await;
    keep(&world, json!({"events_days": 8, "logs_days": 8})).await;
    assert_eq!(pass(&world).await, Swept { logs: 2, events: before, ..Swept::default() });
    let first = world.value("SELECT min(position) FROM event").await;
    assert_eq!(first, (before + 1).to_string(), "what is kept has no gap");
    let told = "{ event(where: {kind: {_eq: \"tenant.retention\"}}) { payload } }";
    let days = json!({"runs": null, "logs": 8, "states": null, "events": 8});
    let deleted = json!({"runs": 0, "logs": 2, "states": 0, "events": before});
    let expected = json!([{"payload": {"deleted": deleted, "days": days}}]);
    assert_eq!(world.query(told).await["event"], expected);
    assert_eq!(pass(&world).await, Swept::default(), "what went is told once");

    // Who stopped reading before what went is told so, and does not go on as if nothing were missing.
    let behind = async |position: u64| {
        let access = world.services().local_actor().access::<Viewer>(None).unwrap();
        let start = streams::Start::After(position.to_string());
        streams::events(world.services(), access, start, &[])
            .await
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(behind(before - 1).await, Err(ErrorCode::CursorExpired));
    assert_eq!(behind(before).await, Ok(()), "the next event is there");
}

#[tokio::test]
async fn each_tenant_sets_its_own() {
    let mut world = World::new().await;
    let flow = world.flow().await;
    let own = ended(&world, &flow, 2).await;
    let tenant = world.tenant();
    world.become_stranger().await;
    let theirs = world.flow().await;
    let theirs = ended(&world, &theirs, 2).await;
    keep(&world, json!({"runs_days": 1})).await;
    world.wait(3 * DAY);
    assert_eq!(pass(&world).await, Swept { runs: 1, ..Swept::default() });
    assert_eq!(left(&world, &theirs).await, Value::Null);
    let foreign = json!({"tenant_id": tenant, "runs_days": 1});
    assert_eq!(world.refused("set_tenant_retention", "id", foreign).await.code, "NOT_FOUND");
    world.become_local();
    assert_eq!(left(&world, &own).await[0], 2);
    for days in [0, -1, 36_501] {
        let refusal = world
            .refused("set_tenant_retention", "id", json!({"tenant_id": tenant, "logs_days": days}))
            .await;
        assert_eq!(refusal.code, "INVALID_INPUT");
        assert!(refusal.message.contains("logs_days is"), "{}", refusal.message);
    }
    world.become_key(Role::Operator);
    let own = json!({"tenant_id": tenant, "runs_days": 1});
    assert_eq!(world.refused("set_tenant_retention", "id", own).await.code, "FORBIDDEN");
}

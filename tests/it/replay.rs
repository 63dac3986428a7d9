//! The stock client sends a request again when an answer does not come in time, so every mutation may arrive twice.
//! Each is delivered twice here; everything readable must be the same after the second delivery as before it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::dump::Dump;
use signalbox_tests::flow::{state, submitted};
use signalbox_tests::furnishing::Furnished;
use signalbox_tests::introspection::{Field, Samples, Schema};
use signalbox_tests::{Client, Scene, TestServer, scene};

use crate::uncovered::assert_list_is;

const UNCOVERED: &str = include_str!("replay_uncovered.txt");

/// Mutations that may not be harmless on a second delivery. An API key is shown once: answering a repetition with the
/// first key would mean keeping it, so it makes a second key, which an admin sees and can delete.
const TWICE_IS_TWO: [&str; 1] = ["create_api_key"];

/// Mutations with a test of their own, because they need what another one answered.
const ELSEWHERE: [&str; 6] = [
    "release_flow_runs",
    "report_flow_run_exit",
    "update_flow_project",
    "delete_tenant",
    "delete_flow_concurrency_limit",
    "resume_task_run",
];

/// Mutations that change something only after another one has.
const AFTER: [(&str, &str); 7] = [
    ("set_schedule_inactive", "set_schedule_active"),
    ("enable_flow_heartbeat", "disable_flow_heartbeat"),
    ("enable_flow_lazarus_process", "disable_flow_lazarus_process"),
    ("disable_flow_version_lock", "enable_flow_version_lock"),
    ("delete_flow_group_schedule", "set_flow_group_schedule"),
    ("resume_flow_run", "pause_flow_run"),
    ("restart_flow_run", "set_flow_run_states"),
];

/// Signs of life: all they change is when somebody was last heard of.
const SIGNS_OF_LIFE: [&str; 3] =
    ["get_runs_in_queue", "update_flow_run_heartbeat", "update_task_run_heartbeat"];

/// What came of delivering one mutation twice.
enum Outcome {
    /// It did something the first time, and nothing the second.
    Proven,
    /// The first delivery was refused or changed nothing, so that the second proves nothing.
    Unproven,
}

async fn deliver_twice(client: &Client, samples: &Samples, schema: &Schema, mutation: &Field) -> Outcome {
    let (document, variables) = samples.operation(schema, "mutation", mutation);
    let first = AFTER.iter().find(|(name, _)| *name == mutation.name).map(|(_, first)| *first);
    if let Some(first) = schema.mutations().iter().find(|it| Some(it.name.as_str()) == first) {
        let (document, variables) = samples.operation(schema, "mutation", first);
        client.data(&document, variables).await;
    }
    let untouched = Dump::of(client, schema).await;
    let first = client.graphql(&document, variables.clone()).await;
    if first.code().is_some() {
        eprintln!("{} was refused: {}\n  {document}\n  {variables}", mutation.name, first.body["errors"]);
        return Outcome::Unproven;
    }
    let before = Dump::of(client, schema).await;
    repeat(client, &document, &variables, &mutation.name).await;
    Dump::of(client, schema).await.assert_same_as(&before, &format!("the second {}", mutation.name));
    let changed = before != untouched || SIGNS_OF_LIFE.contains(&mutation.name.as_str());
    if changed { Outcome::Proven } else { Outcome::Unproven }
}

/// The second delivery: it may be refused, but not as if the server had failed.
async fn repeat(client: &Client, document: &str, variables: &Value, what: &str) {
    let second = client.graphql(document, variables.clone()).await;
    let blamed = second.status >= 500 || matches!(second.code(), Some("INTERNAL" | "API_ERROR"));
    assert!(!blamed, "the second {what}: {} {}", second.status, second.body);
}

#[tokio::test]
async fn every_mutation_may_arrive_twice() {
    let server = TestServer::start();
    let operator = server.client();
    let schema = Schema::of(&operator).await;
    let mut uncovered = BTreeSet::new();
    let mutations = schema
        .mutations()
        .iter()
        .filter(|it| !TWICE_IS_TWO.contains(&it.name.as_str()) && !ELSEWHERE.contains(&it.name.as_str()));
    for (number, mutation) in mutations.enumerate() {
        let furnished = Furnished::tenant(&operator, &schema, &format!("tenant-{number}")).await;
        // More labels than the runs have, so that an agent with them takes runs, and setting them is a change.
        let samples = furnished.samples().with("labels", json!(["moved", "stage"]));
        let samples = samples.with("slug", json!(format!("slug-{number}")));
        let by_admin = deliver_twice(&furnished.admin, &samples, &schema, mutation).await;
        // What a tenant's admin may not do (make tenants), the installation's operator may.
        if matches!(by_admin, Outcome::Unproven)
            && matches!(deliver_twice(&operator, &samples, &schema, mutation).await, Outcome::Unproven)
        {
            uncovered.insert(mutation.name.clone());
        }
    }
    assert_list_is(UNCOVERED, &uncovered, "tests/it/replay_uncovered.txt");
}

#[tokio::test]
async fn what_needs_another_answer_may_arrive_twice() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let schema = Schema::of(&scene.client).await;
    scene.flow_run().await;
    scene.flow_run().await;
    let agent = json!({"type": "LocalAgent", "name": "a", "labels": [], "tenant_id": scene.tenant_id});
    let agent = id(&scene.client.mutate("register_agent", agent, "id").await);
    let claim = json!({"agent_id": agent, "labels": [], "slots": 2, "wait_ms": 0, "held": []});
    let runs = scene.client.mutate("claim_flow_runs", claim, "runs { flow_run_id lease_token }").await;
    let (claimed, mut ended) = (runs["runs"][0].clone(), runs["runs"][1].clone());
    ended["message"] = json!("the process ended with exit code 1");
    ended["exit_code"] = json!(1);
    let elsewhere = json!({"name": "elsewhere", "tenant_id": scene.tenant_id});
    let elsewhere = id(&scene.client.mutate("create_project", elsewhere, "id").await);
    let (tenant, _) = scene::tenant(&scene.client, "short-lived").await;
    let limit = json!({"label": "db", "limit": 1});
    let limit = id(&scene.client.mutate("update_flow_concurrency_limit", limit, "id").await);
    let paused = scene.task_runs(&scene.running_flow_run().await).await.remove(0);
    scene.set_task_run_state(&paused, state("Paused", "Trigger function is \"manual_only\"")).await;
    for (mutation, input) in [
        ("resume_task_run", json!({"task_run_id": paused})),
        ("delete_tenant", json!({"tenant_id": tenant})),
        ("delete_flow_concurrency_limit", json!({"limit_id": limit})),
        ("report_flow_run_exit", ended),
        ("release_flow_runs", json!({"agent_id": agent, "held": [claimed]})),
        ("update_flow_project", json!({"flow_id": scene.flow_id, "project_id": elsewhere})),
    ] {
        let document =
            format!("mutation($input: {mutation}_input!) {{ {mutation}(input: $input) {{ __typename }} }}");
        scene.client.data(&document, json!({"input": input})).await;
        let before = Dump::of(&scene.client, &schema).await;
        repeat(&scene.client, &document, &json!({"input": input}), mutation).await;
        Dump::of(&scene.client, &schema).await.assert_same_as(&before, mutation);
    }
}

/// One state of a flow run or of a task run.
fn one_state(of: &str, id: &str, version: &Value, state: &Value) -> (&'static str, Value) {
    let mutation = if of == "flow_run_id" { "set_flow_run_states" } else { "set_task_run_states" };
    (mutation, json!({"states": [{of: id, "version": version, "state": state}]}))
}

/// A task run that fails, waits, and succeeds on its second attempt, inside a flow run from its submission to its end;
/// versions as the stock client sends them.
fn whole_run(flow_run: &str, task_run: &str) -> Vec<(&'static str, Value)> {
    let with = |kind: &str, extra: Value| {
        let mut state = state(kind, "told twice");
        state
            .as_object_mut()
            .expect("a state is an object")
            .extend(extra.as_object().cloned().unwrap_or_default());
        state
    };
    let flow = |version: Value, state: Value| one_state("flow_run_id", flow_run, &version, &state);
    let task = |version: Value, state: Value| one_state("task_run_id", task_run, &version, &state);
    let retry =
        json!({"start_time": "2026-01-01T00:00:00+00:00", "run_count": 1, "context": {"task_run_count": 1}});
    let cached =
        json!({"cached_parameters": {}, "hashed_inputs": {"x": "0f"}, "cached_result_expiration": null});
    vec![
        flow(json!(1), submitted()),
        flow(json!(2), with("Running", json!({}))),
        task(json!(1), with("Running", json!({}))),
        task(Value::Null, with("Failed", json!({}))),
        task(Value::Null, with("Retrying", retry)),
        task(json!(4), with("Running", json!({}))),
        task(Value::Null, with("Looped", json!({"loop_count": 1}))),
        task(json!(6), with("Running", json!({}))),
        task(Value::Null, with("Success", json!({}))),
        task(Value::Null, with("Cached", cached)),
        flow(Value::Null, with("Success", json!({}))),
    ]
}

#[tokio::test]
async fn every_state_of_a_run_may_be_told_twice() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let schema = Schema::of(&scene.client).await;
    let agent = json!({"type": "LocalAgent", "name": "a", "labels": [], "tenant_id": scene.tenant_id});
    let agent = id(&scene.client.mutate("register_agent", agent, "id").await);
    let client = scene.client.with_header(format!("X-PREFECT-AGENT-ID: {agent}"));
    let flow_run = scene.flow_run().await;
    let task_run = scene.task_runs(&flow_run).await.remove(0);
    for (mutation, input) in whole_run(&flow_run, &task_run) {
        let told = client.try_mutate(mutation, input.clone(), "states { id status message }").await;
        assert!(told.code().is_none(), "{input}: {}", told.body);
        let before = Dump::of(&client, &schema).await;
        let again = client.try_mutate(mutation, input.clone(), "states { id status message }").await;
        assert!(again.code().is_none(), "told again {input}: {}", again.body);
        Dump::of(&client, &schema).await.assert_same_as(&before, &input.to_string());
    }
    let document = format!(
        "{{ task_run_by_pk(id: \"{task_run}\") {{ version states {{ id }} }} flow_run_by_pk(id: \"{flow_run}\") {{ version }} }}"
    );
    let data = client.query(&document).await;
    assert_eq!(data["task_run_by_pk"]["version"], 9, "{data}");
    assert_eq!(data["task_run_by_pk"]["states"].as_array().map(Vec::len), Some(9), "{data}");
    assert_eq!(data["flow_run_by_pk"]["version"], 4, "{data}");
}

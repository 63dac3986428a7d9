//! Every run that waits is explained, by the API and on the command line.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::{FlowSpec, state, submitted};
use signalbox_tests::{Client, Scene, TestServer, binary};

const SELECTION: &str = "state condition sentence since until due agent ahead command
    labels_missing { agent_name labels } agents_matching { agent_name online runs }
    limits { name limit taken holders { flow_run_id flow_run_name } }";

async fn explain(client: &Client, run: &str) -> Value {
    let document = format!("{{ flow_run_explain(flow_run_id: \"{run}\") {{ {SELECTION} }} }}");
    client.query(&document).await["flow_run_explain"].take()
}

/// Checks the condition, and what the sentence says among other things.
#[track_caller]
fn assert_says(explanation: &Value, condition: &str, words: &str) {
    assert_eq!(explanation["condition"], condition, "{explanation}");
    let sentence = explanation["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains(words), "{sentence}");
}

async fn agent(scene: &Scene, name: &str, labels: &[&str]) -> Client {
    let input = json!({"type": "LocalAgent", "name": name, "labels": labels, "tenant_id": scene.tenant_id});
    let agent = id(&scene.client.mutate("register_agent", input, "id").await);
    scene.client.with_header(format!("X-PREFECT-AGENT-ID: {agent}"))
}

/// A stock agent asks for work.
async fn poll(agent: &Client, scene: &Scene, labels: &[&str]) {
    let input =
        json!({"labels": labels, "before": "2026-01-01T00:00:00+00:00", "tenant_id": scene.tenant_id});
    agent.mutate("get_runs_in_queue", input, "flow_run_ids").await;
}

async fn submit(agent: &Client, run: &str) {
    let input = json!({"states": [{"flow_run_id": run, "version": null, "state": submitted()}]});
    agent.mutate("set_flow_run_states", input, "states { status }").await;
}

async fn scene(server: &TestServer) -> Scene {
    Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["eu", "gpu"])).await
}

#[tokio::test]
async fn a_run_that_no_agent_takes() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let run = scene.flow_run().await;
    let explain = async || explain(&scene.client, &run).await;
    assert_says(&explain().await, "no_agent", "no agent with the labels [eu, gpu] is registered");

    let (a, b) = (agent(&scene, "a", &["eu"]).await, agent(&scene, "b", &["eu", "web"]).await);
    poll(&a, &scene, &["eu"]).await;
    poll(&b, &scene, &["eu", "web"]).await;
    let found = explain().await;
    assert_says(&found, "no_agent", "agents 'a' and 'b' lack 'gpu'");
    let missing = found["labels_missing"].as_array().expect("a list");
    assert!(missing.contains(&json!({"agent_name": "a", "labels": ["gpu"]})), "{found}");
    assert_eq!(found["command"], "signalbox agent start local --label eu --label gpu");

    let c = agent(&scene, "c", &["eu", "gpu"]).await;
    assert_says(&explain().await, "agents_offline", "has ever asked for work, though 'c' is registered");
    poll(&c, &scene, &["eu", "gpu"]).await;
    let found = explain().await;
    assert_says(&found, "about_to_start", "agent 'c' may take it any moment");
    assert_eq!(found["agents_matching"], json!([{"agent_name": "c", "online": true, "runs": 0}]));

    let urgent = scene.flow_run_with(json!({"priority": 5})).await;
    let found = explain().await;
    assert_says(&found, "behind_others", "1 run that is due comes before it");
    assert_eq!(found["ahead"], 1);
    let low = scene
        .flow_run_with(json!({"priority": -5, "scheduled_start_time": "2026-01-01T00:00:00+00:00"}))
        .await;
    assert_eq!(self::explain(&scene.client, &low).await["ahead"], 2);

    submit(&c, &urgent).await;
    submit(&c, &run).await;
    let found = explain().await;
    assert_says(&found, "submitted", "agent 'c' took it");
    assert_eq!(found["agent"], "c");
    let found = self::explain(&scene.client, &low).await;
    // Due for long, but here for a moment only.
    assert_says(&found, "about_to_start", "agent 'c' may take it any moment");
    assert_eq!(found["agents_matching"], json!([{"agent_name": "c", "online": true, "runs": 2}]));
    let unknown = "{ flow_run_explain(flow_run_id: \"00000000-0000-4000-8000-000000000000\") { sentence } }";
    scene.client.graphql(unknown, Value::Null).await.assert_code("NOT_FOUND");
}

#[tokio::test]
async fn a_run_that_an_agent_was_told_of() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let run = scene.flow_run().await;
    let c = agent(&scene, "c", &["eu", "gpu"]).await;
    let input = json!({"labels": ["eu", "gpu"], "tenant_id": scene.tenant_id});
    let shown = c.mutate("get_runs_in_queue", input, "flow_run_ids").await;
    assert_eq!(shown["flow_run_ids"], json!([run]));
    let found = explain(&scene.client, &run).await;
    assert_says(&found, "reserved", "agent 'c' was told of it, and nobody else gets it until");
    assert!(found["until"].is_string(), "{found}");
}

#[tokio::test]
async fn a_run_that_is_held_paused_or_needs_approval() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    let run = scene.flow_run().await;
    client
        .mutate("pause_flow_run", json!({"flow_run_id": run, "note": "until the release"}), "__typename")
        .await;
    let found = explain(client, &run).await;
    assert_says(&found, "paused", "until the release");
    assert_eq!(found["command"], json!(format!("signalbox resume {run}")));
    let running = scene.running_flow_run().await;
    let task_run = scene.task_runs(&running).await.remove(0);
    scene.set_task_run_state(&task_run, state("Paused", "Trigger function is \"manual_only\"")).await;
    let found = explain(client, &running).await;
    assert_says(&found, "approval_needed", "task 'step-1' waits for somebody's approval");
    assert_eq!(found["command"], json!(format!("signalbox approve {running}")));
}

#[tokio::test]
async fn a_run_that_waits_for_a_slot() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    client.mutate("update_flow_concurrency_limit", json!({"label": "gpu", "limit": 1}), "id").await;
    let taker = agent(&scene, "taker", &["eu", "gpu"]).await;
    poll(&taker, &scene, &["eu", "gpu"]).await;
    let holder = scene.flow_run_with(json!({"flow_run_name": "the-holder"})).await;
    let waiting = scene.flow_run().await;
    submit(&taker, &holder).await;
    let found = explain(client, &waiting).await;
    assert_says(&found, "limit_reached", "1 of 1 slots of 'gpu' are taken, by 'the-holder'");
    let holders = json!([{"flow_run_id": holder, "flow_run_name": "the-holder"}]);
    assert_eq!(found["limits"], json!([{"name": "gpu", "limit": 1, "taken": 1, "holders": holders}]));
    scene.set_flow_run_state(&waiting, state("Running", "Running flow.")).await;
    assert_says(
        &explain(client, &waiting).await,
        "limit_reached",
        "its process waits for a free slot: 1 of 1",
    );

    client.mutate("update_task_tag_limit", json!({"tag": "narrow", "limit": 0}), "id").await;
    let mut flow = FlowSpec::chain("tagged", 1).serialized();
    flow["tasks"][0]["tags"] = json!(["narrow"]);
    let input =
        json!({"project_id": scene.project_id, "serialized_flow": flow, "set_schedule_active": false});
    let tagged = Scene { flow_id: id(&client.mutate("create_flow", input, "id").await), ..scene.clone() };
    let run = tagged.running_flow_run().await;
    assert_says(&explain(client, &run).await, "running", "its process was last heard of");
    let task_run = tagged.task_runs(&run).await.remove(0);
    tagged.set_task_run_state(&task_run, state("Running", "Starting task run.")).await;
    let found = explain(client, &run).await;
    assert_says(&found, "tag_limit_reached", "1 task run waits for a free slot: the limit of 'narrow' is 0");
    let mut retrying = state("Retrying", "again");
    retrying["start_time"] = json!("2098-01-01T00:00:00+00:00");
    tagged.set_task_run_state(&task_run, retrying).await;
    let found = explain(client, &run).await;
    assert_says(
        &found,
        "waiting_for_retry",
        "task 'step-1' waits for its next attempt, which is due on 2098-01-01",
    );
    assert_eq!(found["until"], "2098-01-01T00:00:00+00:00");
}

#[tokio::test]
async fn a_run_that_waits_for_its_time_or_for_somebody() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    let later = scene.flow_run_with(json!({"scheduled_start_time": "2098-01-01T00:00:00+00:00"})).await;
    let found = explain(client, &later).await;
    assert_says(&found, "scheduled_for_later", "it is scheduled for 2098-01-01 at 00:00:00 UTC");
    assert_says(
        &found,
        "scheduled_for_later",
        "at the moment, no agent with the labels [eu, gpu] is registered",
    );
    assert_eq!(found["until"], "2098-01-01T00:00:00+00:00");
    for (kind, condition, words) in [
        ("Paused", "paused", "('by ada')"),
        ("Pending", "pending", "starts when somebody sets it Scheduled"),
        ("Cancelling", "cancelling", "it was asked to stop"),
        ("Failed", "ended", "it ended as Failed"),
    ] {
        let run = scene.flow_run().await;
        scene.set_flow_run_state(&run, state(kind, "by ada")).await;
        assert_says(&explain(client, &run).await, condition, words);
    }
}

/// Runs the command line; what it writes to stdout.
fn signalbox(server: &TestServer, arguments: &[&str]) -> String {
    let output = Command::new(binary::signalbox())
        .args(arguments)
        .args(["--api", &format!("http://{}", server.address())])
        .env("HOME", server.folder())
        .stdin(Stdio::null())
        .output()
        .expect("the binary can be started");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
    stdout.into_owned()
}

#[tokio::test]
async fn the_command_line_says_so() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let due = json!({"flow_run_name": "overdue", "scheduled_start_time": "2026-01-01T00:00:00+00:00"});
    let overdue = scene.flow_run_with(due).await;
    scene.flow_run_with(json!({"flow_run_name": "in-time"})).await;
    scene.flow_run_with(json!({"scheduled_start_time": "2098-01-01T00:00:00+00:00"})).await;
    let described = signalbox(&server, &["describe", "flow-run", "overdue"]);
    assert!(
        described.contains("Waiting:") && described.contains("no agent with the labels [eu, gpu]"),
        "{described}"
    );
    assert!(described.contains("signalbox agent start local --label eu --label gpu"), "{described}");
    let late = signalbox(&server, &["get", "flow-runs", "--late"]);
    assert!(late.contains("overdue") && late.contains("no agent with the labels [eu, gpu]"), "{late}");
    assert_eq!(late.lines().count(), 2, "{late}");
    let late: Value =
        serde_json::from_str(&signalbox(&server, &["get", "flow-runs", "--late", "0", "-o", "json"]))
            .expect("JSON");
    assert_eq!(late[0]["id"], json!(overdue));
    assert_eq!(late[0]["explanation"]["condition"], "no_agent");
    assert_eq!(late.as_array().map(Vec::len), Some(2), "with 0 seconds, the one that was due just now, too");

    let made = signalbox(&server, &["create", "concurrency-limit", "1", "--label", "gpu", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&made).expect("JSON")["name"], "gpu");
    scene.set_flow_run_state(&overdue, state("Running", "Running flow.")).await;
    signalbox(&server, &["create", "concurrency-limit", "2", "--tag", "gpu"]);
    let limits = signalbox(&server, &["get", "concurrency-limits"]);
    assert!(limits.contains("1/1") && limits.contains("0/2") && limits.contains("overdue"), "{limits}");
    signalbox(&server, &["delete", "concurrency-limit", "tag:gpu", "--yes"]);
    signalbox(&server, &["delete", "concurrency-limit", "gpu", "--yes"]);
    assert_eq!(signalbox(&server, &["get", "concurrency-limits", "-o", "json"]).trim(), "[]");
}

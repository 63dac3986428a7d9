//! Concurrency limits, priorities and turns between tenants, as agents and flow processes meet them.

mod fairness;
mod labels;
mod leaks;
mod priority;
mod tags;

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::{state, submitted};
use signalbox_tests::{Client, Reply, Scene};

/// Limits a label; the limit's id.
async fn limit_label(client: &Client, label: &str, limit: i64) -> String {
    let input = json!({"label": label, "limit": limit});
    id(&client.mutate("update_flow_concurrency_limit", input, "id").await)
}

/// Limits a tag; the limit's id.
async fn limit_tag(client: &Client, tag: &str, limit: i64) -> String {
    id(&client.mutate("update_task_tag_limit", json!({"tag": tag, "limit": limit}), "id").await)
}

/// An agent of the scene's tenant: its id, and a client that speaks as it.
async fn agent(scene: &Scene, name: &str, labels: &[&str]) -> (String, Client) {
    let input = json!({"type": "LocalAgent", "name": name, "labels": labels, "tenant_id": scene.tenant_id});
    let agent = id(&scene.client.mutate("register_agent", input, "id").await);
    let client = scene.client.with_header(format!("X-PREFECT-AGENT-ID: {agent}"));
    (agent, client)
}

/// What one of our agents asks.
fn claim(agent: &str, labels: &[&str], slots: usize, wait_ms: u32) -> Value {
    json!({"agent_id": agent, "labels": labels, "slots": slots, "wait_ms": wait_ms, "held": []})
}

/// One of our agents' polls: the runs it gets.
async fn claimed(client: &Client, question: Value) -> Vec<String> {
    let answer = client.mutate("claim_flow_runs", question, "runs { flow_run_id }").await;
    let runs = answer["runs"].as_array().expect("runs is a list");
    runs.iter().map(|run| run["flow_run_id"].as_str().expect("a run has an id").to_owned()).collect()
}

/// A stock agent's poll: the runs it is shown.
async fn shown(client: &Client, scene: &Scene, labels: &[&str]) -> Vec<String> {
    let input =
        json!({"labels": labels, "before": "2099-01-01T00:00:00+00:00", "tenant_id": scene.tenant_id});
    let answer = client.mutate("get_runs_in_queue", input, "flow_run_ids").await;
    let runs = answer["flow_run_ids"].as_array().expect("a list of ids");
    runs.iter().map(|run| run.as_str().expect("an id").to_owned()).collect()
}

/// A stock agent takes a run.
async fn submit(client: &Client, run: &str) -> Reply {
    let input = json!({"states": [{"flow_run_id": run, "version": null, "state": submitted()}]});
    client.try_mutate("set_flow_run_states", input, "states { id status message }").await
}

/// A run ends.
async fn end(scene: &Scene, run: &str) {
    scene.set_flow_run_state(run, state("Success", "All reference tasks succeeded.")).await;
}

/// Name of a run's state, and its version.
async fn state_of(client: &Client, run: &str) -> (String, i64) {
    let data = client.query(&format!("{{ flow_run_by_pk(id: \"{run}\") {{ state version }} }}")).await;
    let run = &data["flow_run_by_pk"];
    (run["state"].as_str().expect("a state").to_owned(), run["version"].as_i64().expect("a version"))
}

/// How many slots are taken, of all limits together.
async fn slots(client: &Client) -> u64 {
    let data = client.query("{ concurrency_slot_aggregate { aggregate { count } } }").await;
    data["concurrency_slot_aggregate"]["aggregate"]["count"].as_u64().expect("a number")
}

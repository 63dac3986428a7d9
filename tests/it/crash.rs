//! `kill -9` in the middle of a stream of writes: what was acknowledged is there, exactly once, and what was not can
//! be sent again without harm, as the stock client does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::{FlowSpec, state};
use signalbox_tests::{Client, Scene, TestServer};
use tokio::task::JoinSet;

const WRITERS: usize = 8;
const TASKS: usize = 25;

/// One write: how it is sent, and whether the server said that it was done.
#[derive(Debug, Clone)]
struct Write {
    mutation: &'static str,
    input: Value,
    selection: &'static str,
    acknowledged: bool,
}

impl Write {
    fn new(mutation: &'static str, input: Value, selection: &'static str) -> Self {
        Self { mutation, input, selection, acknowledged: false }
    }

    /// Sends it; false when no answer came. An answer that is a refusal fails the test.
    async fn send(&mut self, client: &Client) -> bool {
        let name = self.mutation;
        let selection = self.selection;
        let document =
            format!("mutation($input: {name}_input!) {{ {name}(input: $input) {{ {selection} }} }}");
        let body = json!({"query": document, "variables": {"input": self.input}}).to_string();
        let Some(reply) = client.try_post(body.as_bytes()).await else { return false };
        assert!(reply.code().is_none(), "{name} was refused: {}", reply.body);
        self.acknowledged = true;
        true
    }
}

/// What one flow-run process would write: a run of its own, then its task runs' states and its log.
fn script(scene: &Scene, place: (usize, usize), task_runs: &[String], run: &str) -> Vec<Write> {
    let (round, writer) = place;
    let mut script = Vec::new();
    for (number, task_run) in task_runs.iter().enumerate() {
        for kind in ["Running", "Success"] {
            let states = json!({"states": [{"task_run_id": task_run, "version": null, "state": state(kind, "by a writer")}]});
            script.push(Write::new("set_task_run_states", states, "states { id status message }"));
        }
        let message = format!("{round}/{writer}/{number}");
        let line = json!({"flow_run_id": run, "message": message, "level": "INFO", "name": "writer", "timestamp": "2026-01-01T00:00:00+00:00"});
        script.push(Write::new("write_run_logs", json!({"logs": [line]}), "success"));
        let input = json!({"flow_id": scene.flow_id, "idempotency_key": message, "flow_run_name": message, "labels": ["aside"]});
        script.push(Write::new("create_flow_run", input, "id"));
        let child = json!({"flow_run_id": run, "task_id": scene.task_ids[0], "map_index": number});
        script.push(Write::new("get_or_create_task_run_info", child, "id version serialized_state"));
    }
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_nine() {
    let mut server = TestServer::start();
    let scene = Scene::set_with(server.client(), FlowSpec::chain("long haul", TASKS)).await;
    for (round, writes_before_the_crash) in [40, 200, 600].into_iter().enumerate() {
        let mut scripts = Vec::new();
        for writer in 0..WRITERS {
            let run = scene.running_flow_run().await;
            let task_runs = scene.task_runs(&run).await;
            scripts.push((run.clone(), task_runs.clone(), script(&scene, (round, writer), &task_runs, &run)));
        }
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for (run, task_runs, writes) in scripts {
            writers.spawn(write_until_silence(
                server.client(),
                run,
                task_runs,
                writes,
                Arc::clone(&acknowledged),
            ));
        }
        while acknowledged.load(Ordering::Relaxed) < writes_before_the_crash {
            tokio::task::yield_now().await;
        }
        server.kill();
        let ended = writers.join_all().await;
        server.restart();
        let total: usize = ended.iter().map(|(_, _, writes)| writes.len()).sum();
        let done = ended.iter().flat_map(|(_, _, writes)| writes).filter(|write| write.acknowledged).count();
        assert!(
            done >= writes_before_the_crash && done < total,
            "the crash came in the middle: {done} of {total}"
        );
        for (run, _, writes) in &ended {
            assert_acknowledged_is_there(&scene, run, writes).await;
        }
        for (run, task_runs, mut writes) in ended {
            // The write that got no answer may have been done or not; the client sends it again either way.
            for write in writes.iter_mut().filter(|write| !write.acknowledged) {
                assert!(write.send(&scene.client).await, "the restarted server answers");
            }
            assert_everything_is_there_once(&scene, &run, &task_runs).await;
        }
    }
    let names = scene.client.query("{ flow_run(where: {labels: {_contains: [\"aside\"]}}) { name } }").await;
    let mut names: Vec<String> =
        names["flow_run"].as_array().expect("a list").iter().map(|row| row["name"].to_string()).collect();
    let created = names.len();
    names.sort();
    names.dedup();
    assert_eq!(
        (created, names.len()),
        (3 * WRITERS * TASKS, 3 * WRITERS * TASKS),
        "each run was created once"
    );
}

async fn write_until_silence(
    client: Client,
    run: String,
    task_runs: Vec<String>,
    mut writes: Vec<Write>,
    acknowledged: Arc<AtomicUsize>,
) -> (String, Vec<String>, Vec<Write>) {
    for write in &mut writes {
        if !write.send(&client).await {
            break;
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    (run, task_runs, writes)
}

async fn log_messages(scene: &Scene, run: &str) -> Vec<String> {
    let document = format!(
        "{{ log(where: {{flow_run_id: {{_eq: \"{run}\"}}, name: {{_eq: \"writer\"}}}}) {{ message }} }}"
    );
    let data = scene.client.query(&document).await;
    data["log"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["message"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn assert_acknowledged_is_there(scene: &Scene, run: &str, writes: &[Write]) {
    let messages = log_messages(scene, run).await;
    let document = "query($id: uuid!, $state: String) { task_run(where: {id: {_eq: $id}}) { states(where: {state: {_eq: $state}}) { id } } }";
    for write in writes.iter().filter(|write| write.acknowledged) {
        let found = match write.mutation {
            "write_run_logs" => {
                let message = write.input["logs"][0]["message"].as_str().unwrap_or_default();
                messages.iter().filter(|stored| *stored == message).count()
            }
            "set_task_run_states" => {
                let sent = &write.input["states"][0];
                let variables = json!({"id": sent["task_run_id"], "state": sent["state"]["type"]});
                let data = scene.client.data(document, variables).await;
                data["task_run"][0]["states"].as_array().map_or(0, Vec::len)
            }
            "create_flow_run" => {
                let name = &write.input["flow_run_name"];
                let data = scene
                    .client
                    .query(&format!("{{ flow_run(where: {{name: {{_eq: {name}}}}}) {{ id }} }}"))
                    .await;
                data["flow_run"].as_array().map_or(0, Vec::len)
            }
            _ => continue,
        };
        assert_eq!(found, 1, "acknowledged, so it is there exactly once: {} {}", write.mutation, write.input);
    }
}

async fn assert_everything_is_there_once(scene: &Scene, run: &str, task_runs: &[String]) {
    let mut messages = log_messages(scene, run).await;
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), TASKS, "each line once");
    assert_eq!(log_messages(scene, run).await.len(), TASKS, "no line twice");
    let document = format!(
        "{{ task_run(where: {{flow_run_id: {{_eq: \"{run}\"}}, map_index: {{_eq: -1}}}}) {{ id version state states {{ state }} }} }}"
    );
    let data = scene.client.query(&document).await;
    let rows = data["task_run"].as_array().expect("a list");
    assert_eq!(rows.len(), task_runs.len());
    for row in rows {
        let mut states: Vec<&str> =
            row["states"].as_array().expect("a list").iter().filter_map(|it| it["state"].as_str()).collect();
        states.sort_unstable();
        assert_eq!(states, ["Pending", "Running", "Success"], "{} of {run}", id(row));
        assert_eq!((&row["version"], &row["state"]), (&json!(3), &json!("Success")));
    }
    assert_eq!(scene.task_runs(run).await.len(), 2 * TASKS, "each mapped child once");
}

#[tokio::test]
async fn a_run_goes_on_after_the_server_was_killed() {
    let mut server = TestServer::start();
    let scene = Scene::set(server.client(), 2).await;
    let run = scene.running_flow_run().await;
    let task_runs = scene.task_runs(&run).await;
    scene.set_task_run_state(&task_runs[0], state("Running", "Starting task run.")).await;
    server.kill();
    server.restart();
    scene.set_task_run_state(&task_runs[0], state("Success", "Task run succeeded.")).await;
    scene.set_task_run_state(&task_runs[1], state("Running", "Starting task run.")).await;
    scene.set_task_run_state(&task_runs[1], state("Success", "Task run succeeded.")).await;
    scene.set_flow_run_state(&run, state("Success", "All reference tasks succeeded.")).await;
    let data = scene.client.query(&format!("{{ flow_run_by_pk(id: \"{run}\") {{ state version }} }}")).await;
    assert_eq!(data["flow_run_by_pk"], json!({"state": "Success", "version": 3}));
}

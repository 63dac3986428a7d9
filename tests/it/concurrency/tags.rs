//! Limits on task runs with a tag.

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::{FlowSpec, state};
use signalbox_tests::{Scene, TestServer};

use super::{end, limit_tag, slots};

/// A flow of one task with this tag.
async fn tagged(server: &TestServer, tag: &str) -> Scene {
    let client = server.client();
    let scene = Scene::set(client.clone(), 1).await;
    let mut flow = FlowSpec::chain("tagged", 1).serialized();
    flow["tasks"][0]["tags"] = json!([tag, "other"]);
    let input =
        json!({"project_id": scene.project_id, "serialized_flow": flow, "set_schedule_active": false});
    let flow_id = id(&client.mutate("create_flow", input, "id").await);
    let tasks =
        client.query(&format!("{{ task(where: {{flow_id: {{_eq: \"{flow_id}\"}}}}) {{ id }} }}")).await;
    Scene { flow_id, task_ids: vec![id(&tasks["task"][0])], ..scene }
}

/// The mapped children of the scene's task, made as their processes make them.
async fn children(scene: &Scene, run: &str, count: usize) -> Vec<String> {
    let child = async |map_index: usize| {
        let input = json!({"flow_run_id": run, "task_id": scene.task_ids[0], "map_index": map_index});
        id(&scene.client.mutate("get_or_create_task_run_info", input, "id").await)
    };
    join_all((0..count).map(child)).await
}

/// A task runner asks whether it may begin.
async fn ask(scene: &Scene, task_run: &str) -> Value {
    scene.set_task_run_state(task_run, state("Running", "Starting task run.")).await["states"][0].take()
}

async fn finish(scene: &Scene, task_run: &str) {
    scene.set_task_run_state(task_run, state("Success", "Task run succeeded.")).await;
}

#[tokio::test]
async fn children_that_ask_at_once_run_two_at_a_time() {
    let server = TestServer::start();
    let scene = tagged(&server, "track").await;
    limit_tag(&scene.client, "track", 2).await;
    let run = scene.running_flow_run().await;
    let mut waiting = children(&scene, &run, 12).await;
    let mut ended = 0;
    while !waiting.is_empty() {
        let answers = join_all(waiting.iter().map(|task_run| ask(&scene, task_run))).await;
        let (running, queued): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer["status"] == "SUCCESS");
        assert_eq!(running.len(), waiting.len().min(2));
        assert!(queued.iter().all(|answer| answer["status"] == "QUEUED"), "{queued:?}");
        assert_eq!(slots(&scene.client).await, running.len() as u64);
        for answer in running {
            let task_run = id(&answer);
            waiting.retain(|other| *other != task_run);
            finish(&scene, &task_run).await;
            ended += 1;
        }
    }
    assert_eq!((ended, slots(&scene.client).await), (12, 0));
    let document =
        "{ task_run(where: {map_index: {_gte: 0}}) { states(order_by: {version: asc}) { state } } }";
    let data = scene.client.query(document).await;
    for task_run in data["task_run"].as_array().expect("a list") {
        let states: Vec<&str> = task_run["states"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|it| it["state"].as_str())
            .collect();
        assert!(matches!(*states, ["Running", "Success"] | ["Queued", "Running", "Success"]), "{states:?}");
    }
}

#[tokio::test]
async fn a_queued_task_keeps_what_its_state_held_and_is_no_retry() {
    let server = TestServer::start();
    let scene = tagged(&server, "track").await;
    let limit = limit_tag(&scene.client, "track", 0).await;
    let run = scene.running_flow_run().await;
    let task_run = scene.task_runs(&run).await.remove(0);
    let mut retrying = state("Retrying", "again");
    retrying["start_time"] = json!("2026-01-01T00:00:00+00:00");
    retrying["run_count"] = json!(1);
    retrying["cached_inputs"] = json!({"x": {"type": "NoResultType"}});
    scene.set_task_run_state(&task_run, retrying).await;
    assert_eq!(ask(&scene, &task_run).await["status"], "QUEUED");
    let info = json!({"flow_run_id": run, "task_id": scene.task_ids[0], "map_index": -1});
    let info = scene.client.mutate("get_or_create_task_run_info", info, "version serialized_state").await;
    let stored = &info["serialized_state"];
    assert_eq!((stored["type"].as_str(), stored["state"]["run_count"].as_i64()), (Some("Queued"), Some(1)));
    assert_eq!(stored["cached_inputs"]["x"]["type"], "NoResultType", "{stored}");
    let (_, as_stock) = super::agent(&scene, "stock", &[]).await;
    let shown = super::shown(&as_stock, &scene, &[]).await;
    assert!(shown.is_empty(), "its process waits, so no agent starts another: {shown:?}");
    scene.client.mutate("delete_task_tag_limit", json!({"limit_id": limit}), "success").await;
    assert_eq!(ask(&scene, &task_run).await["status"], "SUCCESS");
    assert_eq!(slots(&scene.client).await, 0, "no limit, no slots");
}

#[tokio::test]
async fn a_new_limit_counts_running_tasks_and_a_lowered_one_ends_none() {
    let server = TestServer::start();
    let scene = tagged(&server, "track").await;
    let run = scene.running_flow_run().await;
    let tasks = children(&scene, &run, 4).await;
    for task_run in &tasks[..3] {
        assert_eq!(ask(&scene, task_run).await["status"], "SUCCESS");
    }
    limit_tag(&scene.client, "track", 3).await;
    assert_eq!(slots(&scene.client).await, 3);
    assert_eq!(ask(&scene, &tasks[3]).await["status"], "QUEUED");
    limit_tag(&scene.client, "track", 1).await;
    finish(&scene, &tasks[0]).await;
    finish(&scene, &tasks[1]).await;
    assert_eq!(ask(&scene, &tasks[3]).await["status"], "QUEUED", "one of one");
    assert_eq!(ask(&scene, &tasks[2]).await["status"], "SUCCESS", "who runs may say so again");
    finish(&scene, &tasks[2]).await;
    assert_eq!(ask(&scene, &tasks[3]).await["status"], "SUCCESS");
    end(&scene, &run).await;
    assert_eq!(slots(&scene.client).await, 0, "with the flow run its tasks' slots go");
}

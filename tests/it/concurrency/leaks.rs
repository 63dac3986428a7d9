//! Slots go with the work they stand for, whatever ends it, and a killed server loses and leaves none.

use serde_json::json;
use signalbox_tests::flow::{FlowSpec, state};
use signalbox_tests::{Scene, TestServer};

use super::{agent, claim, claimed, end, limit_label, limit_tag, slots, submit};

/// A run of the flow that holds a slot of `db`, by any way.
async fn holder(scene: &Scene) -> String {
    let run = scene.flow_run().await;
    let (_, as_stock) = agent(scene, "stock", &["db"]).await;
    let reply = submit(&as_stock, &run).await;
    assert!(reply.code().is_none(), "{}", reply.body);
    assert_eq!(slots(&scene.client).await, 1);
    run
}

#[tokio::test]
async fn whatever_ends_a_run_frees_its_slot() {
    let server = TestServer::start();
    let scene = Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["db"])).await;
    let client = &scene.client;
    limit_label(client, "db", 1).await;
    for kind in [
        "Success",
        "Failed",
        "TimedOut",
        "Cancelled",
        "Skipped",
        "Finished",
        "Scheduled",
        "Paused",
        "Pending",
    ] {
        let run = holder(&scene).await;
        scene.set_flow_run_state(&run, state(kind, "by the test")).await;
        assert_eq!(slots(client).await, 0, "{kind}");
        client.mutate("delete_flow_run", json!({"flow_run_id": run}), "success").await;
    }
    for kind in ["Running", "Cancelling"] {
        let run = holder(&scene).await;
        scene.set_flow_run_state(&run, state("Running", "Running flow.")).await;
        scene.set_flow_run_state(&run, state(kind, "by the test")).await;
        assert_eq!(slots(client).await, 1, "somebody works on a run that is {kind}");
        client.mutate("delete_flow_run", json!({"flow_run_id": run}), "success").await;
        assert_eq!(slots(client).await, 0, "deleted");
    }
    // Paused in the middle it is still at work; it goes on without asking anybody.
    let run = holder(&scene).await;
    scene.set_flow_run_state(&run, state("Running", "Running flow.")).await;
    client.mutate("pause_flow_run", json!({"flow_run_id": run}), "__typename").await;
    assert_eq!(slots(client).await, 1, "paused in the middle");
    let told = scene.set_flow_run_state(&run, state("Running", "Running flow.")).await;
    assert_eq!((told["states"][0]["status"].as_str(), slots(client).await), (Some("SUCCESS"), 1));
    client.mutate("delete_flow_run", json!({"flow_run_id": run}), "success").await;
    let run = holder(&scene).await;
    client.mutate("cancel_flow_run", json!({"flow_run_id": run}), "state").await;
    assert_eq!(slots(client).await, 0, "cancelled before it ran");
    holder(&scene).await;
    client.mutate("delete_flow", json!({"flow_id": scene.flow_id}), "success").await;
    assert_eq!(slots(client).await, 0, "deleted with its flow");
}

#[tokio::test]
async fn a_killed_server_leaves_every_slot_with_its_run() {
    let mut server = TestServer::start();
    let mut flow = FlowSpec::chain("rush", 2).labelled(&["db"]).serialized();
    let scene = Scene::set(server.client(), 1).await;
    flow["tasks"][0]["tags"] = json!(["track"]);
    let input =
        json!({"project_id": scene.project_id, "serialized_flow": flow, "set_schedule_active": false});
    let flow_id = signalbox_tests::client::id(&scene.client.mutate("create_flow", input, "id").await);
    let scene = Scene { flow_id, ..scene };
    limit_label(&scene.client, "db", 3).await;
    limit_tag(&scene.client, "track", 1).await;
    for _ in 0..6 {
        scene.flow_run().await;
    }
    let (ours, as_ours) = agent(&scene, "ours", &["db"]).await;
    let question = || claim(&ours, &["db"], 9, 0);
    let running = claimed(&as_ours, question()).await;
    assert_eq!(running.len(), 3);
    for run in &running {
        scene.set_flow_run_state(run, state("Running", "Running flow.")).await;
    }
    let tagged = "{ task_run(where: {flow_run: {state: {_eq: \"Running\"}}, task: {slug: {_eq: \"step-1\"}}}) { id } }";
    let tagged = scene.client.query(tagged).await["task_run"].take();
    let tagged: Vec<String> =
        tagged.as_array().expect("a list").iter().map(signalbox_tests::client::id).collect();
    let told = scene.set_task_run_state(&tagged[0], state("Running", "Starting task run.")).await;
    assert_eq!(told["states"][0]["status"], "SUCCESS");
    assert_eq!(slots(&scene.client).await, 4);

    server.kill();
    server.restart();

    assert_eq!(slots(&scene.client).await, 4, "nothing lost");
    assert!(claimed(&as_ours, question()).await.is_empty(), "three of three");
    let told = scene.set_task_run_state(&tagged[1], state("Running", "Starting task run.")).await;
    assert_eq!(told["states"][0]["status"], "QUEUED");
    scene.set_task_run_state(&tagged[0], state("Success", "Task run succeeded.")).await;
    for run in &running {
        end(&scene, run).await;
    }
    assert_eq!(slots(&scene.client).await, 0, "nothing left behind");
    assert_eq!(claimed(&as_ours, question()).await.len(), 3);
}

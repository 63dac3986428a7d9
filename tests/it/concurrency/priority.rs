//! Runs of higher priority are handed out first.

use serde_json::json;
use signalbox_tests::flow::FlowSpec;
use signalbox_tests::{Scene, TestServer};

use super::{agent, claim, claimed, limit_label, shown};

/// A run of this priority that is due since `minute` of an hour long past.
async fn run(scene: &Scene, priority: Option<i64>, minute: u32, labels: &[&str]) -> String {
    let due = format!("2026-01-01T00:{minute:02}:00+00:00");
    let input = json!({"priority": priority, "scheduled_start_time": due, "labels": labels});
    scene.flow_run_with(input).await
}

#[tokio::test]
async fn the_most_urgent_first_then_the_longest_waiting() {
    let server = TestServer::start();
    let scene = Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["db"])).await;
    let low = run(&scene, Some(-5), 0, &["db"]).await;
    let early = run(&scene, None, 1, &["db"]).await;
    let late = run(&scene, Some(0), 2, &["web"]).await;
    let high = run(&scene, Some(7), 3, &["web", "db"]).await;
    let group = json!({"flow_group_id": scene.flow_group_id, "priority": 7});
    scene.client.mutate("set_flow_group_priority", group, "success").await;
    let by_group = run(&scene, None, 4, &["db"]).await;
    let raised = run(&scene, Some(0), 5, &["db"]).await;
    let raise = json!({"flow_run_id": raised, "priority": 1000});
    scene.client.mutate("set_flow_run_priority", raise, "success").await;
    // Not due before the others, however urgent.
    let tomorrow = json!({"priority": 999, "scheduled_start_time": "2098-01-01T00:00:00+00:00"});
    let not_yet = scene.flow_run_with(tomorrow).await;

    let expected = [&raised, &high, &by_group, &early, &late, &low];
    let (_, as_stock) = agent(&scene, "stock", &["db", "web"]).await;
    let seen = shown(&as_stock, &scene, &["db", "web"]).await;
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected.into_iter().chain([&not_yet]).collect::<Vec<_>>());

    let data = scene.client.query("{ flow_run { id priority } flow_group { priority } }").await;
    assert_eq!(data["flow_group"], json!([{"priority": 7}]));
    assert!(data["flow_run"].as_array().expect("a list").contains(&json!({"id": by_group, "priority": 7})));
}

#[tokio::test]
async fn our_agents_get_them_in_the_same_order_and_limits_let_the_urgent_in() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let first = run(&scene, Some(1), 9, &["db"]).await;
    let second = run(&scene, Some(1), 9, &["web"]).await;
    let third = run(&scene, Some(0), 0, &["web"]).await;
    let held_back = run(&scene, Some(0), 0, &["db"]).await;
    limit_label(&scene.client, "db", 1).await;
    let (ours, as_ours) = agent(&scene, "ours", &["db", "web"]).await;
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(claimed(&as_ours, claim(&ours, &["db", "web"], 1, 0)).await);
    }
    let mut urgent = [order[0].clone(), order[1].clone()].concat();
    let mut expected = vec![first, second];
    urgent.sort();
    expected.sort();
    assert_eq!(urgent, expected);
    assert_eq!(order[2..], [vec![third], vec![]], "{held_back} waits for the slot");
}

#[tokio::test]
async fn priorities_out_of_bounds_are_refused() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    for priority in [-1001, 1001] {
        let input = json!({"flow_id": scene.flow_id, "priority": priority});
        let reply = scene.client.try_mutate("create_flow_run", input, "id").await;
        reply.assert_code("INVALID_INPUT");
        assert!(reply.message().contains("-1000 to 1000"), "{}", reply.message());
        let input = json!({"flow_group_id": scene.flow_group_id, "priority": priority});
        scene
            .client
            .try_mutate("set_flow_group_priority", input, "success")
            .await
            .assert_code("INVALID_INPUT");
    }
}

//! Limits on flow runs with a label.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_tests::flow::{FlowSpec, state};
use signalbox_tests::{Client, Scene, TestServer};
use tokio::task::JoinSet;

use super::{agent, claim, claimed, end, limit_label, shown, slots, state_of, submit};

async fn scene(server: &TestServer) -> Scene {
    Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["db"])).await
}

#[tokio::test]
async fn a_full_label_is_passed_over_and_a_freed_slot_wakes_at_once() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    limit_label(client, "db", 2).await;
    for _ in 0..40 {
        scene.flow_run().await;
    }
    let behind = scene.flow_run_with(json!({"labels": ["web"]})).await;
    let (ours, as_ours) = agent(&scene, "ours", &["db", "web"]).await;
    let taken = claimed(&as_ours, claim(&ours, &["db", "web"], 30, 0)).await;
    assert_eq!(taken.len(), 3, "two of db, and the run behind forty of them: {taken:?}");
    assert!(taken.contains(&behind));
    assert_eq!(slots(client).await, 2, "the run of web needs none");
    assert!(claimed(&as_ours, claim(&ours, &["db", "web"], 30, 0)).await.is_empty());

    let waiting = tokio::spawn(async move {
        let question = claim(&ours, &["db", "web"], 30, 25_000);
        (claimed(&as_ours, question).await, Instant::now())
    });
    // The poll waits when it has been noted; then a slot becomes free.
    let ended = taken.iter().find(|run| **run != behind).expect("a run of db");
    let freed = Instant::now();
    end(&scene, ended).await;
    let (next, woken) = waiting.await.expect("the poll answers");
    assert_eq!(next.len(), 1, "one slot, one run");
    assert!(woken - freed < Duration::from_secs(8), "a hint, not the tick: {:?}", woken - freed);
    assert_eq!(slots(client).await, 2);
}

#[tokio::test]
async fn a_stock_agent_is_shown_what_fits() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    limit_label(&scene.client, "db", 2).await;
    for _ in 0..40 {
        scene.flow_run().await;
    }
    let behind = scene.flow_run_with(json!({"labels": ["web"]})).await;
    let (_, as_stock) = agent(&scene, "stock", &["db", "web"]).await;
    let seen = shown(&as_stock, &scene, &["db", "web"]).await;
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.contains(&behind));
    for run in seen.iter().filter(|run| **run != behind) {
        assert!(submit(&as_stock, run).await.code().is_none());
    }
    assert_eq!(shown(&as_stock, &scene, &["db", "web"]).await, [behind]);
}

#[tokio::test]
async fn a_stock_agent_that_comes_too_late_loses_nothing() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    limit_label(&scene.client, "db", 1).await;
    let (first, second) = (scene.flow_run().await, scene.flow_run().await);
    let (_, as_stock) = agent(&scene, "stock", &["db"]).await;
    assert!(submit(&as_stock, &first).await.code().is_none());
    let refused = submit(&as_stock, &second).await;
    refused.assert_code("CONFLICT");
    // With this text the stock agent skips the run and asks again; without it, it fails the run.
    assert!(refused.message().contains("State update failed"), "{}", refused.message());
    assert!(refused.message().contains("1 of 1 slots of 'db'"), "{}", refused.message());
    assert_eq!(state_of(&scene.client, &second).await, ("Scheduled".to_owned(), 1));
    assert!(submit(&as_stock, &first).await.code().is_none(), "the holder may repeat itself");
    end(&scene, &first).await;
    assert_eq!(shown(&as_stock, &scene, &["db"]).await, std::slice::from_ref(&second));
    assert!(submit(&as_stock, &second).await.code().is_none());
}

/// How many runs are under way, by their states, and how many slots there are.
async fn under_way(client: &Client) -> (u64, u64) {
    let document =
        "{ flow_run_aggregate(where: {state: {_in: [\"Submitted\", \"Running\", \"Cancelling\"]}}) {
        aggregate { count } } concurrency_slot_aggregate { aggregate { count } } }";
    let data = client.query(document).await;
    let count = |table: &str| data[table]["aggregate"]["count"].as_u64().expect("a number");
    (count("flow_run_aggregate"), count("concurrency_slot_aggregate"))
}

/// One agent's life: it takes runs, lets them run and ends them, until all of them have ended.
async fn work(scene: Scene, number: usize, total: u64) {
    let (agent, client) = agent(&scene, &format!("agent-{number}"), &["db", "more"]).await;
    let ended = "{ flow_run_aggregate(where: {state: {_eq: \"Success\"}}) { aggregate { count } } }";
    loop {
        let mine = if number.is_multiple_of(2) {
            claimed(&client, claim(&agent, &["db", "more"], 2, 50)).await
        } else {
            let mut mine = Vec::new();
            for run in shown(&client, &scene, &["db", "more"]).await {
                let reply = submit(&client, &run).await;
                match reply.code() {
                    None => mine.push(run),
                    Some(_) => assert!(reply.message().contains("State update failed"), "{}", reply.body),
                }
            }
            mine
        };
        for run in mine {
            let told = scene.set_flow_run_state(&run, state("Running", "Running flow.")).await;
            assert_eq!(told["states"][0]["status"], "SUCCESS", "who was let in may run: {told}");
            end(&scene, &run).await;
        }
        if scene.client.query(ended).await["flow_run_aggregate"]["aggregate"]["count"] == json!(total) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_agents_never_exceed_a_limit() {
    const RUNS: u64 = 60;
    const LIMIT: u64 = 3;
    let server = TestServer::start();
    let scene = scene(&server).await;
    limit_label(&scene.client, "db", LIMIT.try_into().expect("small")).await;
    for _ in 0..RUNS {
        scene.flow_run().await;
    }
    let mut agents = JoinSet::new();
    for number in 0..8 {
        agents.spawn(work(scene.clone(), number, RUNS));
    }
    let mut most = 0;
    while !agents.is_empty() {
        let (running, taken) = under_way(&scene.client).await;
        assert!(running <= LIMIT && taken <= LIMIT, "{running} runs, {taken} slots");
        most = most.max(running);
        tokio::select! {
            Some(ended) = agents.join_next() => ended.expect("no agent is disappointed"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(most > 0, "somebody was seen at work");
    assert_eq!(under_way(&scene.client).await, (0, 0));
}

#[tokio::test]
async fn limits_come_change_and_go_under_running_runs() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    let (ours, as_ours) = agent(&scene, "ours", &["db"]).await;
    for _ in 0..6 {
        scene.flow_run().await;
    }
    let question = |slots| claim(&ours, &["db"], slots, 0);
    let running: BTreeSet<String> = claimed(&as_ours, question(3)).await.into_iter().collect();
    assert_eq!((running.len(), slots(client).await), (3, 0));

    // A new limit counts those who are there; one below that ends nothing and lets nobody in.
    let limit = limit_label(client, "db", 2).await;
    assert_eq!(slots(client).await, 3);
    assert!(claimed(&as_ours, question(3)).await.is_empty());
    for run in &running {
        assert_eq!(state_of(client, run).await.0, "Submitted");
        scene.set_flow_run_state(run, state("Running", "Running flow.")).await;
    }
    let mut running = running.into_iter();
    end(&scene, &running.next().expect("three")).await;
    assert!(claimed(&as_ours, question(3)).await.is_empty(), "two of two");
    end(&scene, &running.next().expect("three")).await;
    assert_eq!(claimed(&as_ours, question(3)).await.len(), 1);

    assert_eq!(limit_label(client, "db", 3).await, limit, "the same limit, with another number");
    assert_eq!(claimed(&as_ours, question(3)).await.len(), 1);
    assert_eq!(limit_label(client, "db", 0).await, limit);
    end(&scene, &running.next().expect("three")).await;
    assert!(claimed(&as_ours, question(3)).await.is_empty(), "0 lets nothing start");

    let gone = client.mutate("delete_flow_concurrency_limit", json!({"limit_id": limit}), "success").await;
    assert_eq!((gone["success"].clone(), slots(client).await), (json!(true), 0));
    assert_eq!(claimed(&as_ours, question(3)).await.len(), 1, "the last one");
    let gone = client.mutate("delete_flow_concurrency_limit", json!({"limit_id": limit}), "success").await;
    assert_eq!(gone["success"], json!(false));
}

#[tokio::test]
async fn every_label_of_a_run_must_have_a_free_slot() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    limit_label(&scene.client, "db", 2).await;
    limit_label(&scene.client, "gpu", 1).await;
    let both = json!({"labels": ["db", "gpu"]});
    for _ in 0..3 {
        scene.flow_run_with(both.clone()).await;
    }
    let only_db = scene.flow_run().await;
    let (ours, as_ours) = agent(&scene, "ours", &["db", "gpu"]).await;
    let taken = claimed(&as_ours, claim(&ours, &["db", "gpu"], 9, 0)).await;
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(taken.contains(&only_db), "the second run of gpu takes no slot of db");
    assert_eq!(slots(&scene.client).await, 3);
}

#[tokio::test]
async fn a_process_that_nobody_submitted_is_told_to_wait() {
    let server = TestServer::start();
    let scene = scene(&server).await;
    let client = &scene.client;
    limit_label(client, "db", 1).await;
    let (holder, waiter) = (scene.running_flow_run().await, scene.flow_run().await);
    let ask = async || {
        scene.set_flow_run_state(&waiter, state("Running", "Running flow.")).await["states"][0].take()
    };
    let told = ask().await;
    assert_eq!(told["status"], "QUEUED", "{told}");
    assert_eq!(told["message"], "1 of 1 slots of 'db' are taken");
    assert_eq!(state_of(client, &waiter).await, ("Queued".to_owned(), 2));
    assert_eq!(ask().await["status"], "QUEUED");
    assert_eq!(state_of(client, &waiter).await, ("Queued".to_owned(), 2), "a long wait fills no history");
    let (ours, as_ours) = agent(&scene, "ours", &["db"]).await;
    end(&scene, &holder).await;
    assert!(
        claimed(&as_ours, claim(&ours, &["db"], 1, 0)).await.is_empty(),
        "its process lives, and nobody starts another"
    );
    assert_eq!(ask().await["status"], "SUCCESS");
    assert_eq!(state_of(client, &waiter).await, ("Running".to_owned(), 3));
    assert_eq!(slots(client).await, 1);
}

#[tokio::test]
async fn senseless_limits_are_refused() {
    let server = TestServer::start();
    let client = server.client();
    for (mutation, input) in [
        ("update_flow_concurrency_limit", json!({"label": "db", "limit": -1})),
        ("update_flow_concurrency_limit", json!({"label": "", "limit": 1})),
        ("update_flow_concurrency_limit", json!({"limit": 1})),
        ("update_task_tag_limit", json!({"tag": "t", "limit": -1})),
        ("update_task_tag_limit", json!({"tag": " ", "limit": 1})),
    ] {
        client.try_mutate(mutation, input, "id").await.assert_code("INVALID_INPUT");
    }
    assert_eq!(
        client.query("{ flow_concurrency_limit { id } task_tag_limit { id } }").await,
        json!({"flow_concurrency_limit": [], "task_tag_limit": []})
    );
    let by_old_name = json!({"name": "db", "limit": 2});
    client.mutate("update_flow_concurrency_limit", by_old_name, "id").await;
    let found: Value = client.query("{ flow_concurrency_limit { name limit slots { id } } }").await;
    assert_eq!(found["flow_concurrency_limit"], json!([{"name": "db", "limit": 2, "slots": []}]));
}

//! Registered on one replica, claimed on the other.

use super::{TICK_AND_MORE, agent, answer, ask, claim, until_hints};
use serde_json::json;
use signalbox_tests::{Client, Replicas, Scene};
use std::time::{Duration, Instant};

/// Far more than a hint takes, far less than a tick.
const AT_ONCE: Duration = Duration::from_secs(2);
const ROUNDS: u32 = 10;

/// Makes a run on one replica while an agent waits on the other; how long until the agent had it.
async fn crossing(scene: &Scene, there: &Client, agent: &str, question: u128) -> Duration {
    let mut waiting = ask(there, &claim(agent, question, 25_000, &json!([]))).await;
    let since = Instant::now();
    let run = scene.flow_run().await;
    let claimed = answer(&mut waiting).await;
    let took = since.elapsed();
    assert_eq!(claimed["claim_flow_runs"]["runs"][0]["flow_run_id"], json!(run));
    took
}

async fn hints_cross(mut replicas: Replicas) {
    until_hints(&replicas, "ok").await;
    let (here, there) = (replicas.servers[0].client(), replicas.servers[1].client());
    let scene = Scene::set(here.clone(), 1).await;
    let agent = agent(&there, "elsewhere").await;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        took.push(crossing(&scene, &there, &agent, u128::from(round)).await);
    }
    took.sort();
    println!("from the request to create a run to the answer of a poll elsewhere: {took:?}");
    assert!(took[took.len() / 2] < AT_ONCE, "hints do not cross: {took:?}");

    let Some(mut redis) = replicas.redis.take() else { return };
    redis.kill();
    replicas.redis = Some(redis);
    until_hints(&replicas, "lost").await;
    let took = crossing(&scene, &there, &agent, 1000).await;
    println!("without Redis: {took:?}");
    assert!(took < TICK_AND_MORE, "the tick brings what the hint did not: {took:?}");
    let here_too = crossing(&scene, &here, &agent, 1001).await;
    assert!(here_too < AT_ONCE, "within a process hints need no Redis: {here_too:?}");

    replicas.redis.as_mut().expect("there is one").restart();
    until_hints(&replicas, "ok").await;
    let took = crossing(&scene, &there, &agent, 1002).await;
    assert!(took < AT_ONCE, "hints cross again: {took:?}");
    for server in &replicas.servers {
        let log = server.log();
        assert_eq!(log.matches("hints do not reach other replicas").count(), 1, "said once:\n{log}");
    }
}

#[tokio::test]
async fn by_redis_and_by_the_tick_without_it() {
    hints_cross(Replicas::by_redis().await).await;
}

#[tokio::test]
async fn by_notify() {
    hints_cross(Replicas::by_notify().await).await;
}

//! One tenant's flood does not keep another waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use signalbox_tests::{Scene, TestServer, scene};
use tokio::task::JoinSet;

use super::{agent, claim, claimed};

/// Requests of the flooding tenant that are under way at any moment.
const FLOOD: usize = 200;
/// Runs that the other tenant makes and gets meanwhile.
const RUNS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_tenant_does_not_delay_anothers_runs() {
    let server = TestServer::start();
    let (_, loud) = scene::tenant(&server.client(), "loud").await;
    let (_, quiet) = scene::tenant(&server.client(), "quiet").await;
    let (loud, quiet) = (Scene::set(loud, 1).await, Scene::set(quiet, 1).await);
    let (agent, as_agent) = agent(&quiet, "agent", &[]).await;
    let (answered, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut flood = JoinSet::new();
    for number in 0..FLOOD {
        let (loud, answered, stop) = (loud.clone(), Arc::clone(&answered), Arc::clone(&stop));
        flood.spawn(async move {
            let mut value = 0;
            while !stop.load(Ordering::Relaxed) {
                value += 1;
                // A transaction of its own: what queues for the writer.
                let input = json!({"key": format!("key-{number}"), "value": value});
                loud.client.mutate("set_key_value", input, "id").await;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while answered.load(Ordering::Relaxed) < FLOOD {
        tokio::task::yield_now().await;
    }
    let before = answered.load(Ordering::Relaxed);
    for _ in 0..RUNS {
        let run = quiet.flow_run().await;
        assert_eq!(claimed(&as_agent, claim(&agent, &[], 1, 5_000)).await, [run]);
    }
    let meanwhile = (answered.load(Ordering::Relaxed) - before) / RUNS;
    stop.store(true, Ordering::Relaxed);
    flood.join_all().await;
    eprintln!("{meanwhile} answers to the flood while a run was made and claimed");
    // Two transactions of the quiet tenant, each behind the whole flood, would be 2 × FLOOD.
    assert!(
        meanwhile < FLOOD,
        "{meanwhile} requests of the flood were answered before one run of the other tenant"
    );
}

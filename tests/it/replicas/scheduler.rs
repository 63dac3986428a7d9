//! Background tasks run on every replica: what two do at the same moment makes nothing twice.

use super::until_hints;
use futures_util::future::join_all;
use serde_json::json;
use signalbox_tests::flow::FlowSpec;
use signalbox_tests::{Replicas, Scene, scene};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const FLOWS: usize = 12;
/// Runs that are planned ahead of each flow.
const AHEAD: usize = 10;
const ROUNDS: usize = 4;

/// A flow that is due every minute.
fn every_minute(name: &str) -> FlowSpec {
    let clock = json!({
        "type": "IntervalClock", "interval": 60_000_000, "start_date": {"dt": "2026-01-01T00:00:00", "tz": "UTC"},
        "end_date": null, "parameter_defaults": {}, "labels": null, "__version__": "1.4.1",
    });
    let schedule = json!({
        "type": "Schedule", "clocks": [clock], "filters": [], "or_filters": [], "not_filters": [], "adjustments": [],
        "__version__": "1.4.1",
    });
    FlowSpec { schedule, ..FlowSpec::chain(name, 1) }
}

/// Each change makes the replica that answers it plan at once, and the schedulers of both plan again by the hint.
#[tokio::test]
async fn two_schedulers_plan_each_start_once() {
    let replicas = Replicas::by_redis().await;
    until_hints(&replicas, "ok").await;
    let scene = Scene::set(replicas.client(), 1).await;
    let mut flows = Vec::new();
    for number in 0..FLOWS {
        let spec = every_minute(&format!("flow {number}"));
        flows.push(scene::register(&scene.client, &scene.project_id, &spec).await);
    }
    for _ in 0..ROUNDS {
        for mutation in ["set_schedule_active", "set_schedule_inactive", "set_schedule_active"] {
            let change = |flow| scene.client.mutate(mutation, json!({"flow_id": flow}), "success");
            join_all(flows.iter().map(change)).await;
        }
        planned_once(&scene).await;
    }
    for server in &replicas.servers {
        assert!(
            !server.log().contains("could not be"),
            "planning beside each other failed:\n{}",
            server.log()
        );
    }
}

/// Waits until every flow has its runs; none may be there twice on the way.
async fn planned_once(scene: &Scene) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let document = "{ flow_run(where: {auto_scheduled: {_eq: true}}) { flow_id scheduled_start_time } }";
        let rows = scene.client.query(document).await["flow_run"].take();
        let mut starts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for row in rows.as_array().expect("a list") {
            let start = (row["flow_id"].to_string(), row["scheduled_start_time"].to_string());
            *starts.entry(start).or_default() += 1;
        }
        let twice: Vec<_> = starts.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "planned more than once: {twice:?}");
        if starts.len() >= FLOWS * AHEAD {
            return;
        }
        assert!(Instant::now() < deadline, "only {} runs were planned", starts.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

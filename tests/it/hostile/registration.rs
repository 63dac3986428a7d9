//! Flows that cannot be: broken packaging, impossible graphs, absurd sizes.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use signalbox_tests::flow::{FlowSpec, edge, task};

use super::{Siege, assert_no_server_error, brief};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing into memory");
    encoder.finish().expect("writing into memory")
}

#[tokio::test]
async fn broken_packages_are_refused() {
    let siege = Siege::begin().await;
    let flow = FlowSpec::chain("packed", 2).serialized().to_string();
    let whole = gzip(flow.as_bytes());
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let texts = [
        String::new(),
        "not base64 at all!".to_owned(),
        "====".to_owned(),
        STANDARD.encode(flow.as_bytes()),
        STANDARD.encode(&whole[..whole.len() / 2]),
        STANDARD.encode(&whole[..whole.len() - 4]),
        STANDARD.encode(&flipped),
        STANDARD.encode(gzip(b"")),
        STANDARD.encode(gzip(b"not json")),
        STANDARD.encode(gzip(b"{\"name\": \"\xff\xfe\"}")),
        STANDARD.encode(gzip(b"[]")),
        STANDARD.encode(gzip(b"null")),
        STANDARD.encode(gzip("[".repeat(100_000).as_bytes())),
    ];
    for text in texts {
        let input = json!({"project_id": siege.scene.project_id, "serialized_flow": text, "set_schedule_active": false});
        let reply = siege.scene.client.try_mutate("create_flow_from_compressed_string", input, "id").await;
        assert!(reply.code().is_some(), "{} was answered {}", brief(&text), reply.body);
        reply.assert_refused();
    }
    siege.assert_unharmed("a broken package").await;
}

#[tokio::test]
async fn a_zip_bomb_does_not_go_off() {
    let siege = Siege::begin().await;
    let bomb = gzip(&vec![b' '; 400 << 20]);
    assert!(bomb.len() < 4 << 20, "the bomb itself is small");
    let memory_before = siege.server.resident_megabytes();
    let input = json!({
        "project_id": siege.scene.project_id, "serialized_flow": STANDARD.encode(&bomb), "set_schedule_active": false,
    });
    siege.refused("create_flow_from_compressed_string", input, "id").await;
    let grown = siege.server.peak_megabytes() - memory_before;
    assert!(grown < 250.0, "unpacking took {grown} MB");
    siege.assert_unharmed("a zip bomb").await;
}

/// Changes to a good flow of three tasks that make it impossible.
fn impossible() -> Vec<(&'static str, Value)> {
    let with = |pointer: &str, value: Value| {
        let mut flow = FlowSpec::chain("impossible", 3).serialized();
        *flow.pointer_mut(pointer).expect("the pointer leads into a flow") = value;
        flow
    };
    let chain = || vec![edge("step-1", "step-2"), edge("step-2", "step-3")];
    let and = |extra: Value| Value::Array(chain().into_iter().chain([extra]).collect());
    vec![
        ("a cycle", with("/edges", and(edge("step-3", "step-1")))),
        ("an edge to itself", with("/edges", and(edge("step-2", "step-2")))),
        ("an edge from nowhere", with("/edges", and(edge("nowhere", "step-2")))),
        ("an edge to nowhere", with("/edges", and(edge("step-1", "nowhere")))),
        ("an edge without tasks", with("/edges", and(json!({})))),
        ("edges that are no list", with("/edges", json!({"a": 1}))),
        (
            "duplicate slugs",
            with("/tasks", json!([task("step-1"), task("step-2"), task("step-3"), task("step-1")])),
        ),
        ("a task without a slug", with("/tasks/0", json!({"name": "x"}))),
        ("a slug that is no text", with("/tasks/0/slug", json!(7))),
        ("tasks that are no list", with("/tasks", json!("tasks"))),
        ("a task that is no object", with("/tasks/1", json!(null))),
        ("no name", with("/name", Value::Null)),
        ("an empty name", with("/name", json!(""))),
        ("a name that is no text", with("/name", json!({}))),
        ("a name of a megabyte", with("/name", json!("n".repeat(1_000_000)))),
        ("a label of a megabyte", with("/run_config/labels", json!(["l".repeat(1_000_000)]))),
        (
            "ten thousand labels",
            with("/run_config/labels", (0..10_000).map(|it| json!(format!("l{it}"))).collect()),
        ),
        ("labels that are no texts", with("/run_config/labels", json!([1, null]))),
        ("parameters that are no list", with("/parameters", json!({"a": 1}))),
        ("a run config that is no object", with("/run_config", json!([1]))),
        ("a flow that is text", json!("flow")),
        ("a flow that is a list", json!([])),
        (
            "an unknown clock",
            with(
                "/schedule",
                json!({"clocks": [{"type": "Sundial"}], "filters": [], "or_filters": [], "not_filters": [], "adjustments": []}),
            ),
        ),
    ]
}

#[tokio::test]
async fn impossible_flows_are_refused() {
    let siege = Siege::begin().await;
    for (what, flow) in impossible() {
        let input = json!({"project_id": siege.scene.project_id, "serialized_flow": flow, "set_schedule_active": true});
        let reply = siege.scene.client.try_mutate("create_flow", input, "id").await;
        assert!(reply.code().is_some(), "{what} was accepted: {}", reply.body);
        reply.assert_refused();
        assert!(reply.message().len() < 2_000, "{what}: the message repeats the input");
    }
    siege.assert_unharmed("an impossible flow").await;
}

#[tokio::test]
async fn tasks_and_edges_that_come_later_are_checked_as_well() {
    let siege = Siege::begin().await;
    let flow = &siege.scene.flow_id;
    for edges in [
        json!([edge("step-3", "step-1")]),
        json!([edge("step-1", "nowhere")]),
        json!([edge("step-1", "step-1")]),
        json!([{}]),
        json!("edges"),
        json!(7),
    ] {
        siege.refused("register_edges", json!({"flow_id": flow, "serialized_edges": edges}), "success").await;
    }
    for tasks in [json!([{}]), json!("tasks"), json!([null]), json!([{"slug": 7, "name": "x"}])] {
        siege.refused("register_tasks", json!({"flow_id": flow, "serialized_tasks": tasks}), "success").await;
    }
    let unknown = "00000000-0000-4000-8000-00000000dead";
    let reply =
        siege.refused("register_tasks", json!({"flow_id": unknown, "serialized_tasks": []}), "success").await;
    reply.assert_code("NOT_FOUND");
    let input = json!({"project_id": unknown, "serialized_flow": FlowSpec::chain("x", 1).serialized()});
    siege.refused("create_flow", input, "id").await;
    siege.assert_unharmed("impossible tasks or edges").await;
}

/// Clocks that mean nothing, or would never let the scheduler rest.
#[tokio::test]
async fn schedules_that_cannot_be_kept_hurt_nobody() {
    let siege = Siege::begin().await;
    let start = json!({"dt": "2026-01-01T00:00:00", "tz": "UTC"});
    let interval = |micros: Value| json!({"type": "IntervalClock", "start_date": start, "end_date": null, "interval": micros});
    let cron = |text: &str| json!({"type": "CronClock", "start_date": start, "end_date": null, "cron": text, "day_or": true});
    let rrule = |text: &str| json!({"type": "RRuleClock", "rrule_obj": {"type": "rrule", "rr": text, "_dtstart": null, "_until": null}});
    let clocks = [
        interval(json!(0)),
        interval(json!(-60_000_000)),
        interval(json!(1)),
        interval(json!("soon")),
        interval(json!(9.9e307)),
        interval(json!(i64::MAX)),
        cron("* * * *"),
        cron("61 25 32 13 8"),
        cron("0 0 31 2 *"),
        cron(&"*,".repeat(10_000)),
        rrule("DTSTART:nonsense\nRRULE:FREQ=NEVER"),
        rrule("DTSTART:20260101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=0"),
        rrule("DTSTART:20260101T000000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        json!({"type": "DatesClock", "dates": ["never", 7]}),
        json!({"type": "IntervalClock", "start_date": {"dt": "2026-01-01T00:00:00", "tz": "Mars/Olympus"}, "interval": 60_000_000}),
        json!({"type": "IntervalClock", "start_date": {"dt": "99999-01-01T00:00:00", "tz": "UTC"}, "interval": 60_000_000}),
    ];
    for (number, clock) in clocks.into_iter().enumerate() {
        let mut spec = FlowSpec::chain(&format!("clock-{number}"), 1);
        spec.schedule =
            json!({"clocks": [clock], "filters": [], "or_filters": [], "not_filters": [], "adjustments": []});
        let input = json!({"project_id": siege.scene.project_id, "serialized_flow": spec.serialized(), "set_schedule_active": true});
        let began = std::time::Instant::now();
        let reply = siege.scene.client.try_mutate("create_flow", input, "id").await;
        assert_no_server_error(&reply, &clock.to_string());
        assert!(began.elapsed().as_secs() < 5, "{clock} took {:?}", began.elapsed());
        siege.scene.client.query("{ hello }").await;
    }
}

//! Streams resume behind a cursor: nothing is lost, nothing comes twice.

use super::{texts, write_lines};
use serde_json::{Value, json};
use signalbox_tests::flow::state;
use signalbox_tests::socket::{Frame, Socket, TRANSPORT};
use signalbox_tests::{Scene, TestServer};

const LOGS: &str = "subscription($run: UUID!, $after: String) {
    flow_run_logs(flow_run_id: $run, after: $after) { cursor message timestamp } }";

/// Reads messages of a stream until it has `count` items; the items.
async fn collect(socket: &mut Socket, field: &str, count: usize) -> Vec<Value> {
    let mut items = Vec::new();
    while items.len() < count {
        let data = socket.data("1").await;
        items.extend(data[field].as_array().expect("a message of a stream is a list").clone());
    }
    items
}

#[tokio::test]
async fn a_line_that_comes_late_with_an_early_time_is_not_lost() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    write_lines(&scene.client, &run, &[("2026-01-01T00:00:05Z", "five"), ("2026-01-01T00:00:06Z", "six")])
        .await;
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", LOGS, json!({ "run": run })).await;
    assert_eq!(texts(&socket.data("1").await["flow_run_logs"], "message"), ["five", "six"]);
    write_lines(&scene.client, &run, &[("2026-01-01T00:00:01Z", "one")]).await;
    assert_eq!(texts(&socket.data("1").await["flow_run_logs"], "message"), ["one"]);
}

#[tokio::test]
async fn readers_that_are_cut_again_and_again_see_every_line_once() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let writer = {
        let (client, run) = (scene.client.clone(), run.clone());
        tokio::spawn(async move {
            for batch in 0..40 {
                let lines: Vec<String> = (0..10).map(|line| format!("{batch}-{line}")).collect();
                let lines: Vec<(&str, &str)> =
                    lines.iter().map(|line| ("2026-01-01T00:00:00Z", line.as_str())).collect();
                write_lines(&client, &run, &lines).await;
            }
        })
    };
    let (mut seen, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    while seen.len() < 400 {
        let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
        socket.subscribe("1", LOGS, json!({"run": run, "after": after})).await;
        for _ in 0..3 {
            if seen.len() >= 400 {
                break;
            }
            let items = socket.data("1").await["flow_run_logs"].take();
            seen.extend(texts(&items, "message"));
            after = texts(&items, "cursor").pop();
        }
    }
    writer.await.expect("the writer does not fail");
    let expected: Vec<String> =
        (0..40).flat_map(|batch| (0..10).map(move |line| format!("{batch}-{line}"))).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn states_come_in_order_and_go_on_behind_their_cursor() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 2).await;
    let run = scene.running_flow_run().await;
    let document = "subscription($run: UUID!, $after: String) {
        flow_run_states(flow_run_id: $run, after: $after) { cursor state version } }";
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({ "run": run })).await;
    let states = collect(&mut socket, "flow_run_states", 2).await;
    assert_eq!(texts(&json!(states), "state"), ["Scheduled", "Running"]);
    scene.set_flow_run_state(&run, state("Success", "done")).await;
    assert_eq!(texts(&socket.data("1").await["flow_run_states"], "state"), ["Success"]);
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({"run": run, "after": states[0]["cursor"]})).await;
    assert_eq!(texts(&socket.data("1").await["flow_run_states"], "state"), ["Running", "Success"]);
}

#[tokio::test]
async fn states_of_all_task_runs_are_those_of_the_table() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 3).await;
    let run = scene.running_flow_run().await;
    for task_run in scene.task_runs(&run).await {
        scene.set_task_run_state(&task_run, state("Running", "go")).await;
        scene.set_task_run_state(&task_run, state("Success", "done")).await;
    }
    let mapped = json!({"flow_run_id": run, "task_id": scene.task_ids[0], "map_index": 4});
    let mapped = scene.client.mutate("get_or_create_task_run_info", mapped, "id").await;
    let mapped = signalbox_tests::client::id(&mapped);
    scene.set_task_run_state(&mapped, state("Failed", "no")).await;
    let document = "subscription($run: UUID, $one: UUID, $after: String) {
        task_run_states(flow_run_id: $run, task_run_id: $one, after: $after) { cursor id run_id version state } }";
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({ "run": run })).await;
    let streamed = collect(&mut socket, "task_run_states", 10).await;
    let table = scene.client.query("{ task_run_state { id } }").await["task_run_state"].take();
    let sorted = |items: &Value| {
        let mut ids = texts(items, "id");
        ids.sort();
        ids
    };
    assert_eq!(sorted(&json!(streamed)), sorted(&table));
    // From every place the rest follows, in the same order.
    for place in 0..streamed.len() - 1 {
        let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
        socket.subscribe("1", document, json!({"run": run, "after": streamed[place]["cursor"]})).await;
        let rest = collect(&mut socket, "task_run_states", streamed.len() - place - 1).await;
        assert_eq!(rest, streamed[place + 1..], "behind {}", streamed[place]);
    }
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({ "one": mapped })).await;
    assert_eq!(texts(&socket.data("1").await["task_run_states"], "state"), ["Failed"]);
}

#[tokio::test]
async fn events_begin_anywhere_and_have_no_gaps() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let document = "subscription($after: String, $from: stream_start, $kinds: [String!]) {
        events(after: $after, from: $from, kinds: $kinds) { cursor kind flow_run_id payload } }";
    let mut now = Socket::ready(server.address(), TRANSPORT, None).await;
    now.subscribe("1", document, json!({"from": "now"})).await;
    // The operation has begun when another on the same connection is answered.
    now.subscribe("2", "{ hello }", Value::Null).await;
    now.data("2").await;
    assert!(matches!(now.receive().await, Frame::Message(message) if message["type"] == "complete"));
    let run = scene.running_flow_run().await;
    let items = collect(&mut now, "events", 2).await;
    assert_eq!(texts(&json!(items), "kind"), ["flow_run.created", "flow_run.state"]);
    assert_eq!(items[1]["flow_run_id"], json!(run));
    assert_eq!(items[1]["payload"]["state"], "Running");
    let count = scene.client.query("{ event_aggregate { aggregate { count max { position } } } }").await;
    let count = &count["event_aggregate"]["aggregate"];
    assert_eq!(count["count"], count["max"]["position"]);
    let all = usize::try_from(count["count"].as_u64().expect("a count is a number")).expect("a small number");
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({})).await;
    let events = collect(&mut socket, "events", all).await;
    let numbers: Vec<String> = (1..=all).map(|number| number.to_string()).collect();
    assert_eq!(texts(&json!(events), "cursor"), numbers);
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", document, json!({"kinds": ["flow_run.state"]})).await;
    assert_eq!(collect(&mut socket, "events", 1).await, items[1..]);
}

#[tokio::test]
async fn what_is_no_cursor_of_the_stream_is_refused() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    for (number, (document, code)) in [
        (format!("flow_run_logs(flow_run_id: \"{run}\", after: \"x\") {{ id }}"), "INVALID_INPUT"),
        (format!("flow_run_logs(flow_run_id: \"{run}\", after: \"9\") {{ id }}"), "INVALID_INPUT"),
        (format!("flow_run_states(flow_run_id: \"{run}\", after: \"1.2\") {{ id }}"), "INVALID_INPUT"),
        (format!("flow_run_states(flow_run_id: \"{run}\", after: \"7\") {{ id }}"), "INVALID_INPUT"),
        ("events(after: \"999999\") { id }".to_owned(), "INVALID_INPUT"),
        ("events(kinds: [\"flow_run\"]) { id }".to_owned(), "INVALID_INPUT"),
        ("task_run_states { id }".to_owned(), "INVALID_INPUT"),
        (
            "flow_run_logs(flow_run_id: \"5e2a3b1c-afe5-4f0b-8d4f-00dd00aa11bb\") { id }".to_owned(),
            "NOT_FOUND",
        ),
    ]
    .iter()
    .enumerate()
    {
        socket.subscribe(&number.to_string(), &format!("subscription {{ {document} }}"), Value::Null).await;
        let Frame::Message(message) = socket.receive().await else { panic!("{document}: cut") };
        let error = &message["payload"]["errors"][0];
        assert_eq!(error["extensions"]["code"], *code, "{document}: {message}");
        let end = socket.receive().await;
        assert_eq!(end, Frame::Message(json!({"type": "complete", "id": number.to_string()})), "{document}");
    }
}

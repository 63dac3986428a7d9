//! Any read, live: the first answer at once, then whenever it is another.

use serde_json::{Value, json};
use signalbox_tests::events::{Event, Events};
use signalbox_tests::flow::state;
use signalbox_tests::socket::{Frame, LEGACY, Socket, TRANSPORT};
use signalbox_tests::{Scene, TestServer};
use std::time::Duration;

const RUN: &str =
    "subscription($id: uuid!) { flow_run_by_pk(id: $id) { state task_runs(limit: 1) { state } } }";

#[tokio::test]
async fn a_change_becomes_a_message_and_no_change_none() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", RUN, json!({ "id": run })).await;
    assert_eq!(socket.data("1").await["flow_run_by_pk"]["state"], "Scheduled");
    scene.set_flow_run_state(&run, state("Running", "go")).await;
    assert_eq!(socket.data("1").await["flow_run_by_pk"]["state"], "Running");
    // A change of a related table, and one that the answer does not show.
    let task_run = scene.task_runs(&run).await.remove(0);
    scene.flow_run().await;
    scene.set_task_run_state(&task_run, state("Running", "go")).await;
    assert_eq!(socket.data("1").await["flow_run_by_pk"]["task_runs"], json!([{"state": "Running"}]));
    scene.flow_run().await;
    assert_eq!(socket.receive_within(Duration::from_millis(500)).await, None);
    socket.send(json!({"type": "complete", "id": "1"})).await;
    // The id is free again.
    socket.subscribe("1", RUN, json!({ "id": run })).await;
    assert_eq!(socket.data("1").await["flow_run_by_pk"]["state"], "Running");
}

#[tokio::test]
async fn a_listener_sees_what_was_answered_before_it_came() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let document = "subscription { flow_run_aggregate { aggregate { count } } }";
    let mut sockets = Vec::new();
    for count in 0..20 {
        let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
        socket.subscribe("1", document, Value::Null).await;
        assert_eq!(socket.data("1").await["flow_run_aggregate"]["aggregate"]["count"], count);
        sockets.push(socket);
        scene.flow_run().await;
    }
}

#[tokio::test]
async fn nobody_among_many_misses_the_last_state() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.running_flow_run().await;
    let mut sockets = Vec::new();
    for number in 0..20 {
        let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
        for id in 0..10 {
            // Half of them ask the same, the others each something of their own.
            let document = if id % 2 == 0 {
                RUN.to_owned()
            } else {
                RUN.replace("state", &format!("s{number}_{id}: state"))
            };
            socket.subscribe(&id.to_string(), &document, json!({ "id": run })).await;
        }
        sockets.push(socket);
    }
    for step in 0..20 {
        scene.set_flow_run_state(&run, state("Running", &format!("step {step}"))).await;
    }
    scene.set_flow_run_state(&run, state("Success", "done")).await;
    for socket in &mut sockets {
        let mut done = std::collections::BTreeSet::new();
        while done.len() < 10 {
            let Frame::Message(message) = socket.receive().await else { panic!("cut") };
            if message["payload"]["data"]["flow_run_by_pk"].to_string().contains("Success") {
                done.insert(message["id"].to_string());
            }
        }
    }
}

#[tokio::test]
async fn the_older_protocol_has_its_own_words() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let mut socket = Socket::ready(server.address(), LEGACY, None).await;
    let payload = json!({"query": RUN, "variables": {"id": run}});
    socket.send(json!({"type": "start", "id": "a", "payload": payload})).await;
    let Frame::Message(message) = socket.receive().await else { panic!("cut") };
    assert_eq!(message["type"], "data");
    assert_eq!(message["payload"]["data"]["flow_run_by_pk"]["state"], "Scheduled");
    socket.send(json!({"type": "start", "id": "b", "payload": {"query": "{ hello }"}})).await;
    assert!(socket.data("b").await["hello"].is_string());
    assert_eq!(socket.receive().await, Frame::Message(json!({"type": "complete", "id": "b"})));
    socket.send(json!({"type": "start", "id": "c", "payload": {"query": "{ nonsense }"}})).await;
    let Frame::Message(message) = socket.receive().await else { panic!("cut") };
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    socket.send(json!({"type": "stop", "id": "a"})).await;
    socket.send(json!({"type": "connection_terminate"})).await;
    assert_eq!(socket.close_code().await, 1000);
}

#[tokio::test]
async fn server_sent_events_carry_the_same() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.flow_run().await;
    let state_of = |event: Event| match event {
        Event::Next(answer) => answer["data"]["flow_run_by_pk"]["state"].as_str().map(str::to_owned),
        other => panic!("{other:?}"),
    };
    let mut events = Events::post(&server.client(), RUN, json!({ "id": run })).await;
    assert!(events.head.contains("content-type: text/event-stream"), "{}", events.head);
    assert_eq!(state_of(events.next().await).as_deref(), Some("Scheduled"));
    scene.set_flow_run_state(&run, state("Running", "go")).await;
    assert_eq!(state_of(events.next().await).as_deref(), Some("Running"));
    // A query has one answer.
    let mut events = Events::post(&server.client(), "{ hello }", Value::Null).await;
    assert!(matches!(events.next().await, Event::Next(answer) if answer["data"]["hello"].is_string()));
    assert_eq!(events.next().await, Event::Complete);
    let mut events = Events::post(&server.client(), "{ nonsense }", Value::Null).await;
    assert!(matches!(events.next().await, Event::Next(answer) if answer["errors"].is_array()));
    assert_eq!(events.next().await, Event::Complete);
    // By GET, as a browser's EventSource does it; a GET changes nothing.
    let get = |query: &str| {
        format!("GET /graphql?query={query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    };
    let mut events =
        Events::send(server.address(), get("subscription%7Bflow_run%7Bid%7D%7D").as_bytes()).await;
    assert!(
        matches!(events.next().await, Event::Next(answer) if answer["data"]["flow_run"][0]["id"] == json!(run))
    );
    let mutation = get("mutation%7Bdelete_flow_run(input:%7Bflow_run_id:%22x%22%7D)%7Bsuccess%7D%7D");
    let events = Events::send(server.address(), mutation.as_bytes()).await;
    assert!(events.head.starts_with("http/1.1 405"), "{}", events.head);
}

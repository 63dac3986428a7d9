//! The protocol to the letter, and what breaks it.

use serde_json::{Value, json};
use signalbox_tests::TestServer;
use signalbox_tests::socket::{Frame, LEGACY, Message, Socket, TRANSPORT};

#[tokio::test]
async fn who_does_not_introduce_itself_is_sent_away() {
    let server = TestServer::start();
    let mut socket = Socket::open(server.address(), TRANSPORT).await;
    assert_eq!(socket.close_code().await, 4408);
    let mut socket = Socket::open(server.address(), TRANSPORT).await;
    socket.subscribe("1", "{ hello }", Value::Null).await;
    assert_eq!(socket.close_code().await, 4401);
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.send(json!({"type": "connection_init"})).await;
    assert_eq!(socket.close_code().await, 4429);
    let mut socket = Socket::try_open(server.address(), &[]).await.expect("the server upgrades");
    assert_eq!(socket.close_code().await, 4406);
}

#[tokio::test]
async fn an_id_is_used_once_at_a_time() {
    let server = TestServer::start();
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", "subscription { tenant { id } }", Value::Null).await;
    socket.data("1").await;
    socket.subscribe("1", "{ hello }", Value::Null).await;
    assert_eq!(socket.close_code().await, 4409);
}

#[tokio::test]
async fn queries_and_mutations_are_answered_once_and_completed() {
    let server = TestServer::start();
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    socket.subscribe("1", "{ hello }", Value::Null).await;
    assert!(socket.data("1").await["hello"].is_string());
    assert_eq!(socket.receive().await, Frame::Message(json!({"type": "complete", "id": "1"})));
    socket.send(json!({"type": "ping"})).await;
    assert_eq!(socket.receive().await, Frame::Message(json!({"type": "pong"})));
    for document in [
        "{ nonsense }",
        "subscription { tenant { id } project { id } }",
        "subscription { __typename }",
        "subscription { tenant { nonsense } }",
        "{",
    ] {
        socket.subscribe("1", document, Value::Null).await;
        let Frame::Message(message) = socket.receive().await else { panic!("{document}: cut") };
        assert_eq!(message["type"], "error", "{document}: {message}");
        assert!(message["payload"][0]["extensions"]["code"].is_string(), "{document}: {message}");
    }
}

#[tokio::test]
async fn hostile_frames_end_their_connection_and_nothing_else() {
    let server = TestServer::start();
    let deep = format!(
        "{{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}1{}}}",
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    let frames = [
        Message::text("no JSON"),
        Message::text("[1]"),
        Message::text("{\"type\":\"unheard of\"}"),
        Message::text("{\"type\":\"subscribe\",\"payload\":{\"query\":\"{hello}\"}}"),
        Message::text("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":7}"),
        Message::text("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":[{\"query\":\"{hello}\"}]}"),
        Message::binary(vec![0, 255, 7]),
        Message::text(deep),
        Message::text(format!("{{\"type\":\"ping\",\"payload\":\"{}\"}}", "x".repeat(3 << 20))),
    ];
    for protocol in [TRANSPORT, LEGACY] {
        for frame in &frames {
            let mut socket = Socket::ready(server.address(), protocol, None).await;
            socket.send_frame(frame.clone()).await;
            let ended = socket.receive().await;
            let shown: String = frame.to_string().chars().take(60).collect();
            assert!(matches!(ended, Frame::Closed(4400, _) | Frame::Cut), "{protocol} {shown}: {ended:?}");
        }
    }
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    let document = format!("subscription {{ {} }}", "tenant { ".repeat(200));
    socket.subscribe("1", &document, Value::Null).await;
    let Frame::Message(message) = socket.receive().await else { panic!("cut") };
    assert_eq!(message["payload"][0]["extensions"]["code"], "LIMIT_REACHED", "{message}");
    assert!(server.client().query("{ hello }").await["hello"].is_string());
}

#[tokio::test]
async fn operations_of_one_connection_are_bounded() {
    let server = TestServer::start();
    let mut socket = Socket::ready(server.address(), TRANSPORT, None).await;
    for id in 0..200 {
        socket.subscribe(&id.to_string(), "subscription { tenant { id } }", Value::Null).await;
        socket.data(&id.to_string()).await;
    }
    socket.subscribe("more", "subscription { tenant { id } }", Value::Null).await;
    let Frame::Message(message) = socket.receive().await else { panic!("cut") };
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "LIMIT_REACHED", "{message}");
}

#[tokio::test]
async fn foreign_pages_open_no_socket() {
    let server = TestServer::start();
    let headers = [("sec-websocket-protocol", TRANSPORT), ("origin", "https://evil.example")];
    assert!(Socket::try_open(server.address(), &headers).await.is_err());
    let headers = [("sec-websocket-protocol", TRANSPORT), ("host", "evil.example")];
    assert!(Socket::try_open(server.address(), &headers).await.is_err());
}

//! What comes over the connection before there is a request: methods, paths, halves, garbage.

use serde_json::{Value, json};
use signalbox_tests::http::{Answer, Connection, exchange, post};

use super::Siege;

const HELLO: &[u8] = b"{\"query\":\"{ hello }\"}";

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

#[tokio::test]
async fn both_paths_take_requests_and_no_other() {
    let siege = Siege::begin().await;
    for path in ["/", "/graphql"] {
        let answer = exchange(siege.server.address(), &post(path, &[], HELLO)).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        assert!(json_of(&answer)["data"]["hello"].is_string(), "{path}: {}", json_of(&answer));
    }
    for path in ["/nowhere", "/graphql/deeper", "/%00", "/../etc/passwd", "//", "/graphql%0d%0aX: y"] {
        let answer = exchange(siege.server.address(), &post(path, &[], HELLO)).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{path} was answered {}", answer.status);
    }
    siege.assert_unharmed("an unknown path").await;
}

#[tokio::test]
async fn other_methods_are_refused() {
    let siege = Siege::begin().await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "TRACE", "NONSENSE"] {
        let request = format!(
            "{method} /graphql?query=mutation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = exchange(siege.server.address(), request.as_bytes()).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{method} was answered {}", answer.status);
    }
    siege.assert_unharmed("another method").await;
}

/// Any page its user visits can send these requests to a server on the user's own machine, which asks for no key.
#[tokio::test]
async fn requests_of_foreign_web_pages_are_refused() {
    let siege = Siege::begin().await;
    let input = json!({"name": "forged", "tenant_id": siege.scene.tenant_id});
    let document = "mutation($input: create_project_input!) { create_project(input: $input) { id } }";
    let body = json!({"query": document, "variables": {"input": input}}).to_string();
    for origin in
        ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "null", ""]
    {
        for content_type in [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let head = format!(
                "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = exchange(siege.server.address(), head.as_bytes()).await.expect("an answer");
            assert_eq!(answer.status, 403, "{content_type} from {origin}");
            assert_eq!(json_of(&answer)["errors"][0]["extensions"]["code"], "FORBIDDEN");
            assert!(!answer.head.contains("access-control-allow-origin: https://evil"), "{}", answer.head);
        }
    }
    siege.assert_unharmed("a forged request").await;
}

/// A name that leads to this machine today may be a foreign web page's, which is how pages reach servers at home.
#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let siege = Siege::begin().await;
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:4200", ""] {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            HELLO.len()
        );
        let answer =
            exchange(siege.server.address(), &[head.as_bytes(), HELLO].concat()).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{host} was answered {}", answer.status);
        assert!(json_of(&answer)["data"].is_null(), "{host}: {}", json_of(&answer));
    }
}

#[tokio::test]
async fn garbage_is_refused_or_the_connection_closed() {
    let siege = Siege::begin().await;
    let many_headers = (0..10_000).map(|number| format!("X-{number}: y\r\n")).collect::<Vec<_>>().concat();
    let requests: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40),
        b"hello\r\n\r\n".to_vec(),
        b"GET /\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456"
            .to_vec(),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: sideways\r\n\r\n".to_vec(),
        b"POST / HTTP/9.9\r\nHost: localhost\r\n\r\n".to_vec(),
        format!("POST / HTTP/1.1\r\nHost: localhost\r\n{many_headers}\r\n").into_bytes(),
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(2_000_000)).into_bytes(),
        format!("POST /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "y".repeat(500_000)).into_bytes(),
        post("/", &["Authorization: Bearer \u{1}\u{2}".to_owned()], HELLO),
        [0_u8; 4096].to_vec(),
    ];
    for request in requests {
        let mut connection = Connection::open(siege.server.address()).await;
        connection.send(&request).await;
        connection.finish().await;
        if let Some(answer) = connection.receive().await {
            let text = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
            assert!((400..500).contains(&answer.status), "{text:?} was answered {}", answer.status);
        }
    }
    siege.assert_unharmed("garbage").await;
}

#[tokio::test]
async fn headers_that_are_no_ids_are_refused() {
    let siege = Siege::begin().await;
    let long = "9".repeat(5_000);
    let headers = [
        "X-PREFECT-AGENT-ID: nobody".to_owned(),
        format!("X-PREFECT-TENANT-ID: {long}"),
        "Authorization: Basic eDp5".to_owned(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer sbx_nonsense".to_owned(),
        format!("Authorization: Bearer {long}"),
    ];
    for header in headers {
        let answer = exchange(siege.server.address(), &post("/", std::slice::from_ref(&header), HELLO))
            .await
            .expect("an answer");
        assert!(answer.status < 500, "{header} was answered {}", answer.status);
        let code = &json_of(&answer)["errors"][0]["extensions"]["code"];
        let expected = if header.starts_with('X') { "INVALID_INPUT" } else { "UNAUTHENTICATED" };
        assert_eq!(code, expected, "{}", super::brief(&header));
    }
    siege.assert_unharmed("a wrong header").await;
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let siege = Siege::begin().await;
    let first = post("/", &[], b"{\"query\":\"{ one: hello }\"}");
    let broken = post("/", &[], b"{");
    let last = post("/", &[], b"{\"query\":\"{ last: hello }\"}");
    let mut connection = Connection::open(siege.server.address()).await;
    assert!(connection.send(&[first, broken, last].concat()).await);
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(json_of(&connection.receive().await.expect("three requests, three answers")));
    }
    assert!(answers[0]["data"]["one"].is_string(), "{answers:?}");
    assert!(answers[1]["errors"][0]["extensions"]["code"].is_string(), "{answers:?}");
    assert!(answers[2]["data"]["last"].is_string(), "{answers:?}");
}

/// Half requests hold no worker, and none is held for ever: within a minute the server lets go of them.
#[tokio::test]
async fn halves_of_requests_neither_block_others_nor_stay() {
    let siege = Siege::begin().await;
    let whole = post("/", &[], HELLO);
    let halves = [&whole[..20], &whole[..whole.len() - 5]];
    let mut waiting = Vec::new();
    for half in halves.iter().cycle().take(400) {
        let mut connection = Connection::open(siege.server.address()).await;
        assert!(connection.send(half).await);
        waiting.push(connection);
    }
    siege.assert_unharmed("four hundred half requests").await;
    for connection in waiting.iter_mut().take(2) {
        if let Some(answer) = connection.receive().await {
            assert!((400..500).contains(&answer.status), "half a request was answered {}", answer.status);
        }
    }
}

//! Bodies that are no GraphQL request, or too much of one.

use serde_json::json;
use signalbox_tests::http::{Connection, exchange};

use super::{Siege, brief};

const MUTATION: &str = "mutation($input: create_project_input!) { create_project(input: $input) { id } }";

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let siege = Siege::begin().await;
    let bodies: [&[u8]; 17] = [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b"42",
        b"\"query { hello }\"",
        b"{}",
        b"{\"query\": 7}",
        b"{\"query\": null}",
        b"{\"query\": \"\"}",
        b"{\"variables\": \"null\"}",
        b"{\"query\": \"{ hello }\"} and more",
        b"{\"query\": \"\xff\xfe\"}",
        b"{\"query\": \"{ hello }\", \"variables\": 7}",
        b"[{\"query\": \"{ hello }\"}, 7]",
        b"query { hello }",
    ];
    for body in bodies {
        let text = String::from_utf8_lossy(body).into_owned();
        let reply = siege.scene.client.post(body).await;
        assert!(reply.code().is_some(), "{text:?} was answered {} {}", reply.status, reply.body);
        reply.assert_refused();
    }
    siege.assert_unharmed("a body that is no request").await;
}

#[tokio::test]
async fn variables_that_python_writes_but_json_does_not_know_are_refused() {
    let siege = Siege::begin().await;
    let tenant = &siege.scene.tenant_id;
    let numbers = ["NaN", "Infinity", "-Infinity", "1e999", "100000000000000000000000000000"];
    let variables = numbers.map(|number| {
        format!("{{\"input\": {{\"name\": \"x\", \"description\": {number}, \"tenant_id\": \"{tenant}\"}}}}")
    });
    let broken =
        ["{", "[1]", "\"text\"", "7", "{\"input\": }", "{\"input\": {}} x", "\u{0}"].map(str::to_owned);
    for text in variables.iter().chain(&broken) {
        let body = json!({"query": MUTATION, "variables": text}).to_string();
        let reply = siege.scene.client.post(body.as_bytes()).await;
        reply.assert_refused();
        assert!(reply.message().len() > 10, "{text}: {}", reply.message());
    }
    siege.assert_unharmed("variables that are no JSON").await;
}

#[tokio::test]
async fn huge_numbers_are_kept_or_refused_but_never_rounded() {
    let siege = Siege::begin().await;
    let number = "123456789012345678901234567890";
    let variables = format!(
        "{{\"input\": {{\"flow_id\": \"{}\", \"parameters\": {{\"n\": {number}}}}}}}",
        siege.scene.flow_id
    );
    let document = "mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }";
    let body = json!({"query": document, "variables": variables}).to_string();
    let reply = siege.scene.client.post(body.as_bytes()).await;
    super::assert_no_server_error(&reply, "a huge integer");
    if reply.code().is_some() {
        siege.assert_unharmed("a huge integer").await;
        return;
    }
    let id =
        reply.data()["create_flow_run"]["id"].as_str().map(str::to_owned).expect("the new run has an id");
    let read = json!({"query": format!("{{ flow_run_by_pk(id: \"{id}\") {{ parameters }} }}")}).to_string();
    let request = signalbox_tests::http::post("/", &[], read.as_bytes());
    let answer = exchange(siege.server.address(), &request).await.expect("the server answers");
    assert!(String::from_utf8_lossy(&answer.body).contains(number), "the number was rounded");
}

#[tokio::test]
async fn nesting_without_end_is_refused() {
    let siege = Siege::begin().await;
    let deep = |open: &str, close: &str, levels: usize| open.repeat(levels) + &close.repeat(levels);
    let outer = [
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 100_000),
        format!("{{\"query\": \"{{ hello }}\", \"variables\": {}}}", deep("[", "]", 100_000)),
        format!("{{\"query\": \"{{ hello }}\", \"extensions\": {}}}", "{\"a\":".repeat(100_000)),
    ];
    for body in &outer {
        let reply = siege.scene.client.post(body.as_bytes()).await;
        assert!(reply.code().is_some(), "{} was answered {} {}", brief(body), reply.status, reply.body);
        reply.assert_refused();
    }
    for levels in [1_000, 200_000] {
        let variables = format!("{{\"input\": {}}}", deep("[", "]", levels));
        let body = json!({"query": MUTATION, "variables": variables}).to_string();
        siege.scene.client.post(body.as_bytes()).await.assert_refused();
    }
    siege.assert_unharmed("deep JSON").await;
}

#[tokio::test]
async fn a_body_that_claims_to_be_huge_is_refused_before_it_is_sent() {
    let siege = Siege::begin().await;
    for length in ["1000000000", "17000000000000", "9223372036854775807"] {
        let mut connection = Connection::open(siege.server.address()).await;
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"
        );
        assert!(connection.send(head.as_bytes()).await);
        let answer = connection.receive().await.expect("the refusal comes although the body does not");
        assert_eq!(answer.status, 413, "{length}");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("the refusal is JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "PAYLOAD_TOO_LARGE");
    }
    siege.assert_unharmed("a huge content length").await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_limit() {
    const CHUNK: usize = 1 << 20;
    let siege = Siege::begin().await;
    let mut connection = Connection::open(siege.server.address()).await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(connection.send(head.as_bytes()).await);
    let chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &vec![b' '; CHUNK], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 300 && connection.send(&chunk).await {
        sent += 1;
    }
    assert!(sent < 300, "the server read 300 MB of one body");
    if let Some(answer) = connection.receive().await {
        assert_eq!(answer.status, 413);
    }
    siege.assert_unharmed("an endless body").await;
    let memory = siege.server.resident_megabytes();
    assert!(memory < 400.0, "the server holds {memory} MB after an endless body");
}

#[tokio::test]
async fn a_log_batch_as_large_as_the_client_may_send_is_taken() {
    let siege = Siege::begin().await;
    let flow_run = siege.scene.flow_run().await;
    let message = "\"é\n".repeat(250_000);
    let lines: Vec<_> =
        (0..4).map(|line| json!({"flow_run_id": flow_run, "message": format!("{line}{message}")})).collect();
    let answer = siege.scene.client.mutate("write_run_logs", json!({ "logs": lines }), "success").await;
    assert_eq!(answer["success"], true);
}

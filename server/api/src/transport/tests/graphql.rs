//! What a GraphQL request is answered.

use super::*;

#[tokio::test]
async fn the_stock_clients_request_is_answered() {
    let answer = World::open().graphql("query{hello}", "null").await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, r#"{"data":{"hello":"👋"}}"#));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn values_arrive_as_they_were_sent() {
    let world = World::open();
    let values =
        json!({"z": 1, "a": [null, true, 1.5, -9_223_372_036_854_775_808_i64], "😀": "\u{1F600}\n\""});
    let document = "query($v: JSON!) { echo(value: $v) }";
    let expected = format!(r#"{{"data":{{"echo":{values}}}}}"#);
    assert_eq!(world.graphql(document, &json!({ "v": values }).to_string()).await.text(), expected);
    assert_eq!(
        world.post(json!({"query": document, "variables": {"v": values}}).to_string()).await.text(),
        expected
    );
    let literal = r#"{ echo(value: "a \ud83d\ude00 b \udc80") }"#;
    assert_eq!(world.graphql(literal, "null").await.text(), "{\"data\":{\"echo\":\"a 😀 b \u{fffd}\"}}");
}

#[tokio::test]
async fn root_fields_keep_their_order_and_failed_ones_their_place() {
    let world = World::open();
    assert_eq!(
        world.graphql("{ slow b: hello c: number(n: 3) @skip(if: true) }", "null").await.text(),
        r#"{"data":{"slow":1,"b":"👋"}}"#
    );
    assert_snapshot!(world.graphql("{ may_fail hello }", "null").await.text(), @r#"{"data":{"may_fail":null,"hello":"👋"},"errors":[{"message":"it failed","locations":[{"line":1,"column":3}],"path":["may_fail"],"extensions":{"code":"INVALID_INPUT","request_id":"00000000-0000-7000-8000-000000000001","retryable":false}}]}"#);
    let answer = world.graphql("{ must_not_fail hello }", "null").await;
    assert!(
        answer.text().starts_with(r#"{"data":null,"errors":[{"message":"it failed""#),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn mistakes_in_graphql_are_answered_with_200_and_a_code() {
    let world = World::open();
    for (document, variables, code) in [
        ("{ hello", "null", "GRAPHQL_PARSE_FAILED"),
        ("", "null", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ number(n: \"x\") }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ number }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { number(n: $n) }", "null", "INVALID_INPUT"),
        ("query($n: Int!) { number(n: $n) }", r#"{"n": null}"#, "INVALID_INPUT"),
        ("query($n: Int! = 1) { number(n: $n) }", r#"{"n": "x"}"#, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { number(n: $n) }", r#"{"n": 5000000000}"#, "INVALID_INPUT"),
        ("subscription { x }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on Query { ...a }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ echo(value: [[1]]) }", r#"{"n": NaN}"#, "INVALID_INPUT"),
        ("{ echo(value: 123456789012345678901) }", "null", "INVALID_INPUT"),
        (&"{a".repeat(3_000), "null", "LIMIT_REACHED"),
        (&"[".repeat(3_000), "null", "LIMIT_REACHED"),
    ] {
        let answer = world.graphql(document, variables).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::OK, code),
            "{document} {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let body = json!([{"query": "{ slow }"}, {"query": "{ nope }"}, {"query": "{ hello }"}]).to_string();
    let answer: Vec<Value> = serde_json::from_slice(&World::open().post(body).await.body).unwrap();
    assert_eq!(answer[0], json!({"data": {"slow": 1}}));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(answer[2], json!({"data": {"hello": "👋"}}));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_nothing_more() {
    let world = World::open();
    let answer = world.graphql("{ panics }", "null").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"));
    assert!(!answer.text().contains("on purpose"));
    assert_eq!(world.graphql("{ hello }", "null").await.status, StatusCode::OK);
}

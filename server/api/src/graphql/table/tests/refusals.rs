//! What a client can get wrong, and what it is told.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn values_that_do_not_fit_their_column() {
    let desk = Desk::open().await;
    for (condition, message) in [
        (r#"{id: {_eq: "not-a-uuid"}}"#, r#"id: _eq: "not-a-uuid" is not a UUID"#),
        (r#"{id: {_in: ["80000000-0000-4000-8000-000000000001", "x"]}}"#, r#"id: _in: "x" is not a UUID"#),
        ("{id: {_eq: 7}}", "id: _eq: 7 is not a UUID"),
        (r#"{created: {_gt: "yesterday"}}"#, r#"created: _gt: "yesterday" is not an ISO 8601 timestamp"#),
        (r#"{created: {_gt: "2026-13-01"}}"#, r#"created: _gt: "2026-13-01" is not an ISO 8601 timestamp"#),
        (
            r#"{created: {_gt: "+12026-01-01T00:00:00"}}"#,
            r#"created: _gt: "+12026-01-01T00:00:00" is not an ISO 8601 timestamp"#,
        ),
        (
            r#"{name: {_like: "abc\\"}}"#,
            r#"name: _like: "abc\\" is not a pattern: it ends in the escape character \"#,
        ),
        (
            r#"{name: {_eq: "a\u0000b"}}"#,
            "name: _eq: the text contains a NUL character, which no stored text does",
        ),
        (
            r#"{flow: {tasks: {retry_delay: {_gt: "soon"}}}}"#,
            r#"retry_delay: _gt: "soon" is not an interval such as "00:05:00""#,
        ),
    ] {
        let document = format!("{{ flow_run(where: {condition}) {{ id }} }}");
        let refused = desk.refused(&document, json!({})).await;
        assert_eq!(refused, ("INVALID_INPUT".to_owned(), message.to_owned()), "{condition}");
    }
}

#[tokio::test]
async fn arguments_that_make_no_sense() {
    let desk = Desk::open().await;
    for (document, message) in [
        ("{ flow_run(limit: -1) { id } }", "limit: -1 is not a number from 0"),
        ("{ flow_run { task_runs(offset: -1) { id } } }", "offset: -1 is not a number from 0"),
        ("{ flow_run_by_pk(id: \"7\") { id } }", "id: flow_run_by_pk: \"7\" is not a UUID"),
        (
            "{ flow_run { labels(path: \"$..a\") } }",
            "labels: path: \"$..a\" is not a path such as \"$.a.b[0]\"",
        ),
        ("{ flow_run { labels(path: \"$[\") } }", "labels: path: \"$[\" is not a path such as \"$.a.b[0]\""),
    ] {
        let refused = desk.refused(document, json!({})).await;
        assert_eq!(refused, ("INVALID_INPUT".to_owned(), message.to_owned()), "{document}");
    }
}

#[tokio::test]
async fn the_schema_refuses_what_does_not_exist() {
    let desk = Desk::open().await;
    for document in [
        "{ flow_run(where: {nope: {_eq: 1}}) { id } }",
        "{ flow_run(where: {name: {_regex: \"x\"}}) { id } }",
        "{ flow_run(where: {name: {_eq: 1}}) { id } }",
        "{ flow_run(where: {version: {_eq: \"1\"}}) { id } }",
        "{ flow_run(order_by: {nope: asc}) { id } }",
        "{ flow_run(order_by: {id: up}) { id } }",
        "{ flow_run(distinct_on: nope) { id } }",
        "{ flow_run { lease_token } }",
        "{ flow_run(where: {lease_token: {_is_null: false}}) { id } }",
        "{ flow_run(order_by: {labels_key: asc}) { id } }",
        "{ api_key { key_hash } }",
        "{ flow_run { labels { x } } }",
        "{ flow_run }",
        "{ flow_run_by_pk { id } }",
    ] {
        let (code, message) = desk.refused(document, json!({})).await;
        assert!(code.is_empty() && !message.is_empty(), "{document}: {code} {message}");
    }
}

#[tokio::test]
async fn more_than_is_allowed() {
    let desk = Desk::open().await;
    let deep = "{flow: {flow_runs: ".repeat(6) + "{}" + &"}}".repeat(6);
    let (code, message) = desk.refused(&format!("{{ flow_run(where: {deep}) {{ id }} }}"), json!({})).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "LIMIT_REACHED",
            "where is nested deeper than 10 levels (max_query_relations_deep); nest less, or ask in several steps"
        )
    );
    let many: Vec<_> = (0..500).map(|n| json!({"version": {"_eq": n}})).collect();
    let document = "query($w: flow_run_bool_exp) { flow_run(where: $w) { id } }";
    let (code, _) = desk.refused(document, json!({"w": {"_or": many}})).await;
    assert_eq!(code, "LIMIT_REACHED");
    let wide: Vec<_> = (0..60).map(|n| format!("a{n}: task_runs {{ id }}")).collect();
    let wide = wide.join(" ");
    let (code, _) = desk.refused(&format!("{{ flow_run {{ {wide} }} }}"), json!({})).await;
    assert_eq!(code, "LIMIT_REACHED");
}

#[tokio::test]
async fn as_many_conditions_as_allowed_are_answered() {
    let desk = Desk::open().await;
    let document = "query($w: flow_run_bool_exp) { flow_run(where: $w) { id } }";
    let many: Vec<_> = (0..190).map(|n| json!({"version": {"_eq": n}})).collect();
    assert_eq!(super::ends(&desk.ask_with(document, json!({"w": {"_or": many}})).await["flow_run"]).len(), 4);
    let labels: Vec<_> = (0..390).map(|n| format!("label-{n}")).collect();
    let none = desk.ask_with(document, json!({"w": {"labels": {"_contains": labels}}})).await;
    assert_eq!(none["flow_run"], json!([]));
    let ids: Vec<_> = (0..40_000).map(|n| format!("80000000-0000-4000-8000-{n:012}")).collect();
    let found = desk.ask_with(document, json!({"w": {"id": {"_in": ids}}})).await;
    assert_eq!(super::ends(&found["flow_run"]).len(), 4);
}

//! Text that would be SQL if it were pasted into a statement, in every place that takes text.

use serde_json::json;

use super::Desk;

const HOSTILE: [&str; 8] = [
    "' OR 1=1 --",
    "\" OR 1=1 --",
    "'; DROP TABLE flow_run; --",
    "x') OR tenant_id IS NOT NULL --",
    "?1 :a @b $c $1 ?",
    "%' ESCAPE '",
    "\\",
    "$.\"a\" || (SELECT key_hash FROM api_key)",
];

#[tokio::test]
async fn stays_text() {
    let desk = Desk::open().await;
    for text in HOSTILE {
        let document = "query($s: String!, $l: [String!]!, $j: jsonb!, $w: flow_run_bool_exp!) {
            eq: flow_run(where: {name: {_eq: $s}}) { id }
            neq: flow_run(where: {name: {_neq: $s}, id: {_is_null: true}}) { id }
            in: flow_run(where: {name: {_in: $l}}) { id }
            gt: flow_run(where: {name: {_gt: $s, _lt: $s}}) { id }
            contains: flow_run(where: {labels: {_contains: $j}}) { id }
            key: flow_run(where: {parameters: {_has_key: $s}}) { id }
            keys: flow_run(where: {parameters: {_has_keys_any: $l}}) { id }
            object: flow_run(where: $w) { id }
            nested: flow(where: {flow_runs: {name: {_eq: $s}}}) { id flow_runs(where: {name: {_eq: $s}}) { id } }
        }";
        let whole = json!({"parameters": {"_contains": {text: {text: [text]}}}});
        let variables = json!({"s": text, "l": [text, "no such key"], "j": [text], "w": whole});
        let data = desk.ask_with(document, variables).await;
        for (root, rows) in data.as_object().unwrap() {
            assert_eq!(rows, &json!([]), "{root} with {text}");
        }
        // A pattern may not end in an escape; whatever else it is, it is a pattern.
        let pattern = text.trim_end_matches('\\');
        let document = "query($s: String!) { flow_run(where: {name: {_like: $s, _ilike: $s}, id: {_is_null: true}}) { id } }";
        assert_eq!(desk.ask_with(document, json!({"s": pattern})).await, json!({"flow_run": []}));
        // As a path into JSON it is refused or leads nowhere.
        let document = "query($s: String!) { flow_run(limit: 1) { labels(path: $s) } }";
        let response = desk.execute(super::viewer(super::TENANT_A), document, json!({"s": text})).await;
        let data = serde_json::to_value(&response.data).unwrap();
        assert!(!response.errors.is_empty() || data["flow_run"][0]["labels"].is_null(), "{text}: {data}");
    }
    assert_eq!(desk.found("flow_run", "{}").await.len(), 4);
}

#[tokio::test]
async fn stored_hostile_text_comes_back_as_it_is() {
    let desk = Desk::open().await;
    let mut database = desk.backing.database().await;
    for text in HOSTILE.into_iter().chain(["\u{1F600} \u{7f} \"quotes\" \n\t\u{1}", "</script>"]) {
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let (name, labels) = (literal(text), literal(&json!([text]).to_string()));
        let update =
            format!("UPDATE flow_run SET name = {name}, labels = {labels} WHERE hex(id) LIKE '8%01'");
        database.execute(&update).await;
        let document = "query($s: String!, $j: jsonb!) { flow_run(where: {name: {_eq: $s}, labels: {_contains: $j, _has_key: $s}}) { name labels } }";
        let data = desk.ask_with(document, json!({"s": text, "j": [text]})).await;
        assert_eq!(data["flow_run"], json!([{"name": text, "labels": [text]}]));
    }
}

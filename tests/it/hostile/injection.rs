//! Text that would be something else if it were pasted instead of bound, in every place that takes text.

use serde_json::{Value, json};
use signalbox_tests::client::id;

use super::Siege;

/// The same hostile text for SQLite, PostgreSQL, JSON paths and LIKE patterns.
const TEXTS: [&str; 6] = [
    "' OR '1'='1",
    "'; DROP TABLE flow_run; --",
    "\" OR \"\"=\"",
    "\\'; SELECT 1; --",
    "$.a'] OR 1=1 --",
    "?1 :name @p $1",
];

#[tokio::test]
async fn filters_bind_their_text() {
    let siege = Siege::begin().await;
    let mut tried = 0;
    for table in siege.schema.tables() {
        let Some(filter) = table.args.iter().find(|arg| arg.name == "where") else { continue };
        let filter = siege.schema.get(filter.base()).expect("the filter's type is in the schema");
        for column in &filter.fields {
            let operators = siege.schema.get(column.base()).map_or(&[][..], |ty| &ty.fields);
            let has = |name: &str| operators.iter().any(|operator| operator.name == name);
            if has("_like") {
                for text in TEXTS {
                    let wheres =
                        ["_eq", "_like", "_ilike"].map(|operator| json!({&column.name: {operator: text}}));
                    for condition in wheres.into_iter().chain([json!({&column.name: {"_in": [text]}})]) {
                        assert_empty(&siege, &table.name, filter_name(table), condition).await;
                        tried += 1;
                    }
                }
            } else if has("_has_key") {
                for text in TEXTS {
                    assert_empty(
                        &siege,
                        &table.name,
                        filter_name(table),
                        json!({&column.name: {"_has_key": text}}),
                    )
                    .await;
                    let contains = json!({&column.name: {"_contains": {text: text}}});
                    assert_empty(&siege, &table.name, filter_name(table), contains).await;
                    tried += 2;
                }
            }
        }
    }
    assert!(tried > 500, "only {tried} filters were tried: the search for text columns is broken");
    siege.assert_unharmed("a hostile filter").await;
}

fn filter_name(table: &signalbox_tests::introspection::Field) -> &str {
    table.args.iter().find(|arg| arg.name == "where").map_or("", |arg| arg.base())
}

async fn assert_empty(siege: &Siege, table: &str, filter: &str, condition: Value) {
    let document = format!("query($where: {filter}) {{ {table}(where: $where) {{ id }} }}");
    let data = siege.scene.client.data(&document, json!({"where": condition.clone()})).await;
    assert_eq!(data[table], json!([]), "{table} where {condition} found rows");
}

#[tokio::test]
async fn names_and_labels_are_stored_as_they_are() {
    let siege = Siege::begin().await;
    let client = &siege.scene.client;
    for text in TEXTS {
        let input = json!({"name": text, "description": text, "tenant_id": siege.scene.tenant_id});
        let project = id(&client.mutate("create_project", input, "id").await);
        let document = format!("{{ project_by_pk(id: \"{project}\") {{ name description }} }}");
        let stored = client.query(&document).await["project_by_pk"].take();
        assert_eq!(stored, json!({"name": text, "description": text}));

        let input = json!({"flow_run_name": text, "labels": [text], "parameters": {text: text}, "context": {text: text}});
        let run = siege.scene.flow_run_with(input).await;
        let document = format!("{{ flow_run_by_pk(id: \"{run}\") {{ name labels parameters context }} }}");
        let stored = client.query(&document).await["flow_run_by_pk"].take();
        assert_eq!(stored["name"], text);
        assert_eq!(stored["labels"], json!([text]));
        assert_eq!(stored["parameters"][text], text);
        assert_eq!(stored["context"][text], text);

        let input = json!({"before": "2099-01-01T00:00:00+00:00", "labels": [text], "tenant_id": siege.scene.tenant_id});
        let queue = client.mutate("get_runs_in_queue", input, "flow_run_ids").await;
        assert_eq!(queue["flow_run_ids"], json!([run]), "labels {text}");
    }
}

#[tokio::test]
async fn characters_beyond_the_first_plane_arrive_whole() {
    let siege = Siege::begin().await;
    let client = &siege.scene.client;
    let tenant = &siege.scene.tenant_id;
    let document = format!(
        "mutation {{ create_project(input: {{name: \"\\ud83d\\ude00 caf\\u00e9\", tenant_id: \"{tenant}\"}}) {{ id }} }}"
    );
    let project = id(&client.query(&document).await["create_project"]);
    let stored = client.query(&format!("{{ project_by_pk(id: \"{project}\") {{ name }} }}")).await;
    assert_eq!(stored["project_by_pk"]["name"], "😀 café");
    let found = client.query("{ project(where: {name: {_eq: \"\\ud83d\\ude00 caf\\u00e9\"}}) { id } }").await;
    assert_eq!(found["project"], json!([{"id": project}]));
}

#[tokio::test]
async fn odd_characters_are_kept_or_refused() {
    let siege = Siege::begin().await;
    let client = &siege.scene.client;
    for (number, odd) in ["\u{0}", "a\u{0}b", "\u{feff}", "\u{202e}", "\u{7f}\u{1b}[31m", "\r\n", "\u{fffd}"]
        .iter()
        .enumerate()
    {
        let name = format!("{number} {odd}");
        let input = json!({"name": name, "tenant_id": siege.scene.tenant_id});
        let reply = client.try_mutate("create_project", input, "id").await;
        super::assert_no_server_error(&reply, &name);
        if reply.code().is_none() {
            let project = id(&reply.data()["create_project"]);
            let stored = client.query(&format!("{{ project_by_pk(id: \"{project}\") {{ name }} }}")).await;
            assert_eq!(stored["project_by_pk"]["name"], json!(name), "neither kept nor refused");
        }
        let line = json!({"logs": [{"flow_run_id": siege.before.ids("flow_run").next(), "message": name}]});
        let reply = client.try_mutate("write_run_logs", line, "success").await;
        assert_eq!(
            reply.data()["write_run_logs"]["success"],
            true,
            "one odd character must not lose a batch"
        );
    }
}

//! The shape of answers: values of every kind, aliases, fragments, directives, paths, other roots beside the tables.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn values_of_every_kind() {
    let desk = Desk::open().await;
    let document = "{ flow_run_by_pk(id: \"80000000-0000-4000-8000-000000000001\") {
        id name start_time end_time version auto_scheduled labels parameters run_config agent_id }
        task(order_by: {id: asc}) { retry_delay } missing: flow_by_pk(id: \"80000000-0000-4000-8000-000000000001\") { id } }";
    assert_eq!(
        desk.ask(document).await,
        json!({
            "flow_run_by_pk": {
                "id": "80000000-0000-4000-8000-000000000001",
                "name": "calm-heron",
                "start_time": "2026-01-01T00:00:00.000001+00:00",
                "end_time": "2026-01-02T00:00:00+00:00",
                "version": 4,
                "auto_scheduled": false,
                "labels": ["vm"],
                "parameters": {"x": 1, "deep": {"a": [1, {"b": null}]}},
                "run_config": null,
                "agent_id": "70000000-0000-4000-8000-000000000001",
            },
            "task": [{"retry_delay": null}, {"retry_delay": "00:05:00"}],
            "missing": null,
        })
    );
}

#[tokio::test]
async fn keys_come_in_the_order_they_were_asked_for() {
    let desk = Desk::open().await;
    let response = desk
        .execute(
            super::viewer(super::TENANT_A),
            "{ flow(limit: 1, order_by: {id: asc}) { version b: name tasks { id } a: id project { name id } __typename } }",
            json!({}),
        )
        .await;
    assert_eq!(
        serde_json::to_string(&response.data).unwrap(),
        r#"{"flow":[{"version":1,"b":"etl","tasks":[],"a":"40000000-0000-4000-8000-000000000001","#
            .to_owned()
            + r#""project":{"name":"Hello","id":"20000000-0000-4000-8000-000000000001"},"__typename":"flow"}]}"#
    );
}

#[tokio::test]
async fn nested_both_ways_with_aliases_fragments_and_directives() {
    let desk = Desk::open().await;
    let document = "query($yes: Boolean!, $no: Boolean!) {
        ...Root
        flow(where: {name: {_eq: \"report\"}}) { ...Named flow_runs { id: state } }
        flow(where: {name: {_eq: \"report\"}}) { project { description } flow_runs { name } }
        flow_run(order_by: {id: asc}, limit: 1) {
            ... on flow_run { flow { name } }
            ... @include(if: $yes) { flow { version } }
            ... @skip(if: $yes) { nothing: state }
            skipped: name @include(if: $no)
            ok: task_runs(where: {state: {_eq: \"Success\"}}, order_by: {id: asc}) { map_index }
            bad: task_runs(where: {state: {_eq: \"Failed\"}}) { name task { flow { name } } }
        }
    }
    fragment Root on Query { project(order_by: {name: asc}) { name flows(order_by: {version: desc}) { ...Named } } }
    fragment Named on flow { name version ...Project }
    fragment Project on flow { project { name } }";
    let data = desk.ask_with(document, json!({"yes": true, "no": false})).await;
    let etl = |version| json!({"name": "etl", "version": version, "project": {"name": "Hello"}});
    assert_eq!(
        data,
        json!({
            "project": [
                {"name": "Empty", "flows": []},
                {"name": "Hello", "flows": [etl(2), {"name": "report", "version": 1, "project": {"name": "Hello"}}, etl(1)]},
            ],
            "flow": [{"name": "report", "version": 1, "project": {"name": "Hello", "description": null},
                "flow_runs": [{"id": "Running", "name": "quick_fox"}]}],
            "flow_run": [{"flow": {"name": "etl", "version": 2},
                "ok": [{"map_index": -1}, {"map_index": 0}],
                "bad": [{"name": "load-b", "task": {"flow": {"name": "etl"}}}]}],
        })
    );
}

#[tokio::test]
async fn parts_of_json_columns() {
    let desk = Desk::open().await;
    let document = "{ flow_run_by_pk(id: \"80000000-0000-4000-8000-000000000001\") {
        x: parameters(path: \"$.x\") deep: parameters(path: \"deep.a[1]\") b: parameters(path: \"$.deep.a[1].b\")
        none: parameters(path: \"$.nope.deeper\") whole: parameters(path: \"$\") label: labels(path: \"[0]\")
        quoted: parameters(path: \"$[\\\"x\\\"]\") null: run_config(path: \"$.a\") } }";
    assert_eq!(
        desk.ask(document).await["flow_run_by_pk"],
        json!({"x": 1, "deep": {"b": null}, "b": null, "none": null,
            "whole": {"x": 1, "deep": {"a": [1, {"b": null}]}}, "label": "vm", "quoted": 1, "null": null})
    );
}

#[tokio::test]
async fn tables_and_other_roots_in_one_document() {
    let desk = Desk::open().await;
    let data = desk.ask("{ hello tenant { slug } __typename auth_api_key { name role } }").await;
    assert_eq!(data["tenant"], json!([{"slug": "acme"}]));
    assert_eq!(data["__typename"], "Query");
    assert_eq!(data["auth_api_key"], json!([{"name": "ci", "role": "viewer"}]));
    assert!(data["hello"].is_string());
}

#[tokio::test]
async fn every_table_answers_every_root_with_every_column() {
    let desk = Desk::open().await;
    for table in signalbox_core::registry::TABLES {
        let name = table.name;
        let columns: Vec<_> = table.public_columns().map(|column| column.name).collect();
        let columns = columns.join(" ");
        let relations: Vec<_> =
            table.relations.iter().map(|relation| format!("{} {{ id }}", relation.name)).collect();
        let relations = relations.join(" ");
        let document = format!(
            "{{ {name} {{ {columns} {relations} }} {name}_aggregate {{ aggregate {{ count }} nodes {{ {columns} }} }}
               {name}_by_pk(id: \"{}\") {{ {columns} }} }}",
            super::TENANT_A
        );
        let data = desk.ask(&document).await;
        assert_eq!(
            data[name].as_array().unwrap().len(),
            data[format!("{name}_aggregate")]["aggregate"]["count"]
        );
        assert!(!data[name].as_array().unwrap().is_empty(), "{name} has no row in the seed");
    }
}

#[test]
fn the_sdl_documents_every_type_and_hides_private_columns() {
    let sdl = crate::graphql::sdl();
    let private = ["key_hash", "labels_key", "lease_token", "state_fingerprint", "fingerprint", "identity"];
    for table in signalbox_core::registry::TABLES {
        // Mutations may speak of these things; the tables and their filters do not show them.
        for header in [format!("type {} {{", table.name), format!("input {}_bool_exp {{", table.name)] {
            let block = sdl.split(&header).nth(1).unwrap_or_else(|| panic!("no {header}"));
            let fields = block
                .split("\n}")
                .next()
                .unwrap()
                .lines()
                .filter_map(|line| line.trim().split([':', '(']).next());
            let shown: Vec<_> = fields.filter(|field| private.contains(field)).collect();
            assert!(shown.is_empty(), "{header} shows {shown:?}");
        }
    }
}

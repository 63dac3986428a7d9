//! Nothing of another tenant shows, on any way. Tenant B's rows in the seed refer to tenant A's rows.

use serde_json::{Value, json};
use signalbox_core::access::Actor;
use signalbox_core::registry::{Cardinality, Relation, TABLES, Table};

use super::{Desk, TENANT_A, TENANT_B, viewer};

/// Ids of tenant B have a `b` near their end, ids of tenant A have none.
fn is_b(id: &str) -> bool {
    id[34..].starts_with('b')
}

fn ids(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                if key == "id" {
                    into.extend(value.as_str().map(str::to_owned));
                }
                ids(value, into);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| ids(value, into)),
        _ => {}
    }
}

/// Every relationship of a table, each with all relationships of its target, as rows, aggregates and nodes.
fn every_way(table: &Table) -> Vec<String> {
    let one = |relation: &Relation, inner: &str| {
        let name = relation.name;
        let rows = format!("{name} {{ id {inner} }} ");
        match relation.cardinality {
            Cardinality::One => rows,
            Cardinality::Many => {
                rows + &format!("{name}_aggregate {{ aggregate {{ count }} nodes {{ id {inner} }} }} ")
            }
        }
    };
    let all = |relation: &Relation| -> String {
        relation.target.relations.iter().map(|relation| one(relation, "")).collect()
    };
    table.relations.iter().map(|relation| one(relation, &all(relation))).chain(["id".to_owned()]).collect()
}

#[tokio::test]
async fn every_relationship_of_every_table() {
    let desk = Desk::open().await;
    for table in TABLES {
        for way in every_way(table) {
            let name = table.name;
            let document = format!(
                "{{ {name} {{ id {way} }} {name}_aggregate {{ aggregate {{ count }} nodes {{ id {way} }} }} }}"
            );
            for (tenant, other) in [(TENANT_A, true), (TENANT_B, false)] {
                let data = desk.ask_as(viewer(tenant), &document, json!({})).await;
                let mut seen = Vec::new();
                ids(&data, &mut seen);
                assert!(!seen.is_empty(), "{name} shows {tenant} nothing");
                let foreign: Vec<_> = seen.iter().filter(|id| is_b(id) == other).collect();
                assert!(foreign.is_empty(), "{document} shows {tenant} {foreign:?}");
            }
        }
    }
}

#[tokio::test]
async fn primary_keys_of_others_are_not_found() {
    let desk = Desk::open().await;
    let document = "{ flow_run_by_pk(id: \"80000000-0000-4000-8000-0000000000b1\") { id }
        tenant_by_pk(id: \"10000000-0000-4000-8000-0000000000b1\") { id name }
        flow_run(where: {tenant_id: {_eq: \"10000000-0000-4000-8000-0000000000b1\"}}) { id } }";
    assert_eq!(
        desk.ask(document).await,
        json!({"flow_run_by_pk": null, "tenant_by_pk": null, "flow_run": []})
    );
}

#[tokio::test]
async fn conditions_orders_and_counts_do_not_see_others() {
    let desk = Desk::open().await;
    // Run 1 has a state, a log and a task run of tenant B; flow 2 a run and a task.
    assert_eq!(desk.found("flow_run", r#"{states: {state: {_eq: "Intruder"}}}"#).await, [""; 0]);
    assert_eq!(desk.found("flow_run", r#"{logs: {message: {_eq: "intruder"}}}"#).await, [""; 0]);
    assert_eq!(desk.found("flow", r#"{flow_runs: {name: {_eq: "intruder"}}}"#).await, [""; 0]);
    assert_eq!(desk.found("flow", r#"{tasks: {name: {_eq: "intruder"}}}"#).await, [""; 0]);
    let data = desk
        .ask(
            "{ flow_run_by_pk(id: \"80000000-0000-4000-8000-000000000001\") {
                states_aggregate { aggregate { count max { state version } } }
                task_runs_aggregate(limit: 100) { aggregate { count } } } }",
        )
        .await;
    assert_eq!(
        data["flow_run_by_pk"],
        json!({"states_aggregate": {"aggregate": {"count": 4, "max": {"state": "Success", "version": 4}}},
            "task_runs_aggregate": {"aggregate": {"count": 4}}})
    );
    // With tenant B's rows, run 1 would have the largest version of a state: 9.
    let listed = desk
        .listed("flow_run(order_by: [{states_aggregate: {max: {version: desc_nulls_last}}}, {id: asc}])")
        .await;
    assert_eq!(listed, ["1", "3", "2", "4"]);
    // A row that refers to another tenant's row shows null there.
    let data = desk
        .ask_as(
            viewer(TENANT_B),
            "{ flow_run(where: {name: {_eq: \"intruder\"}}) { flow { name } agent { id } } }",
            json!({}),
        )
        .await;
    assert_eq!(data["flow_run"], json!([{"flow": null, "agent": null}]));
}

#[tokio::test]
async fn the_local_actor_sees_all_tenants_its_own_first_and_one_tenants_rows() {
    let desk = Desk::open().await;
    let local = |tenant: &str| Actor::Local { default_tenant: tenant.parse().unwrap() };
    let document = "{ tenant { slug flows { id } } project { id } }";
    let data = desk.ask_as(local(TENANT_A), document, json!({})).await;
    assert_eq!(data["tenant"][0]["slug"], "acme");
    assert_eq!(data["tenant"][1], json!({"slug": "beta", "flows": []}));
    assert_eq!(data["project"].as_array().unwrap().len(), 2);
    let data = desk.ask_as(local(TENANT_B), document, json!({})).await;
    assert_eq!(data["tenant"][0]["slug"], "beta");
    assert_eq!(data["tenant"][1], json!({"slug": "acme", "flows": []}));
    let data = desk.ask_as(local(TENANT_B), "{ tenant(order_by: {slug: asc}) { slug } }", json!({})).await;
    assert_eq!(data["tenant"], json!([{"slug": "acme"}, {"slug": "beta"}]));
}

//! Plans, limits and values. (Refusals in their wire form and every operator are tested with documents, in the API.)

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Allowance, Node, Plan, ReadLimits, Rejection, Selection, parse_timestamp};
use crate::registry::root;

fn field(name: &str, arguments: &Value, selections: &[Selection]) -> Selection {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    Selection { key: name.to_owned(), field: name.to_owned(), arguments, selections: selections.to_vec() }
}

fn leaf(name: &str) -> Selection {
    field(name, &Value::Null, &[])
}

fn build(selection: &Selection) -> Result<Plan, Rejection> {
    Plan::build(root(&selection.field).unwrap(), selection, &ReadLimits::default())
}

fn condition(value: &Value) -> Result<Plan, Rejection> {
    build(&field("flow_run", &json!({"where": value}), &[leaf("id")]))
}

#[test]
fn a_level_for_each_relationship_and_alias() {
    let tasks =
        |key: &str| Selection { key: key.to_owned(), ..field("task_runs", &Value::Null, &[leaf("id")]) };
    let plan = build(&field(
        "flow_run",
        &Value::Null,
        &[leaf("id"), tasks("a"), tasks("b"), field("flow", &Value::Null, &[leaf("id")])],
    ));
    assert_eq!(plan.unwrap().statements(), 4);
    let nodes = field("task_runs_aggregate", &Value::Null, &[field("nodes", &Value::Null, &[leaf("id")])]);
    // No function is computed, so the aggregate itself needs no statement.
    assert_eq!(build(&field("flow_run", &Value::Null, &[nodes])).unwrap().statements(), 2);
}

#[test]
fn selections_with_one_key_are_one_field() {
    let mut siblings = Vec::new();
    field("flow", &Value::Null, &[leaf("id")]).merge_into(&mut siblings);
    leaf("name").merge_into(&mut siblings);
    field("flow", &Value::Null, &[leaf("name"), leaf("id")]).merge_into(&mut siblings);
    assert_eq!(siblings, [field("flow", &Value::Null, &[leaf("id"), leaf("name")]), leaf("name")]);
}

#[test]
fn names_that_do_not_exist_are_refused_even_without_a_schema() {
    for (selection, message) in [
        (leaf("nope"), "flow_run has no field \"nope\""),
        (leaf("lease_token"), "flow_run has no field \"lease_token\""),
        (leaf("flow_aggregate"), "flow_run has no field \"flow_aggregate\""),
        (field("states", &json!({"near": 1}), &[]), "flow_run_state has no argument \"near\""),
        (
            field("states", &json!({"order_by": {"x": "asc"}}), &[]),
            "order_by: flow_run_state has no column or relationship \"x\"",
        ),
        (
            field("states", &json!({"distinct_on": "x"}), &[]),
            "distinct_on: \"x\" is not a column of flow_run_state",
        ),
    ] {
        let rejection = build(&field("flow_run", &Value::Null, &[selection])).unwrap_err();
        assert_eq!(rejection.message, message);
    }
    let rejection = condition(&json!({"labels_key": {"_eq": "vm"}})).unwrap_err();
    assert_eq!(rejection.message, "where: flow_run has no column or relationship \"labels_key\"");
    let rejection = condition(&json!({"labels": {"_like": "vm"}})).unwrap_err();
    assert_eq!(rejection.message, "labels: a jsonb column has no operator \"_like\"");
}

#[test]
fn long_values_are_shortened_in_messages() {
    let rejection = condition(&json!({"id": {"_eq": "ä".repeat(10_000)}})).unwrap_err();
    assert!(rejection.message.len() < 300, "{}", rejection.message);
}

#[test]
fn instants_as_people_write_them() {
    let at = |micros: i64| Some(Utc.timestamp_micros(1_767_225_600_000_000 + micros).unwrap());
    for text in [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00+00:00",
        "2026-01-01T00:00:00.000000+0000",
        "2026-01-01T05:30:00+05:30",
        "2025-12-31T19:00-05",
        "2026-01-01",
        " 2026-01-01T00:00 UTC ",
    ] {
        assert_eq!(parse_timestamp(text), at(0), "{text}");
    }
    assert_eq!(
        parse_timestamp("2026-01-01T00:00:00.123456789"),
        at(123_456).map(|t| t + chrono::Duration::nanoseconds(789))
    );
    for text in [
        "",
        "now",
        "2026",
        "2026-02-30",
        "2026-01-01T25:00:00",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+1",
        "2026-01-01 junk",
        "0000-01-01T00:00:00",
        "9999-12-31T23:59:59-01:00",
    ] {
        assert_eq!(parse_timestamp(text), None, "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            Just("asc"),
            Just("id"),
            Just("80000000-0000-4000-8000-000000000001"),
            Just("2026-01-01")
        ]
        .prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop_oneof![
            Just("_and"),
            Just("_or"),
            Just("_not"),
            Just("_eq"),
            Just("_in"),
            Just("_like"),
            Just("_contains")
        ],
        prop_oneof![
            Just("id"),
            Just("name"),
            Just("labels"),
            Just("created"),
            Just("version"),
            Just("flow"),
            Just("states")
        ],
        prop_oneof![Just("states_aggregate"), Just("count"), Just("max"), Just("nope")],
    ];
    scalar.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|entries| {
                Value::Object(
                    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>(),
                )
            }),
        ]
    })
}

proptest! {
    /// Whatever stands where arguments stand, the answer is a plan or a refusal.
    #[test]
    fn any_arguments_are_planned_or_refused(condition in any_json(), order in any_json(), other in any_json()) {
        let arguments = json!({"where": condition, "order_by": order, "limit": other, "distinct_on": other, "offset": 1});
        let _ = build(&field("flow_run", &arguments, &[leaf("id"), field("labels", &json!({"path": other}), &[])]));
    }

    #[test]
    fn any_text_is_an_instant_or_none(text in ".*") {
        let _ = parse_timestamp(&text);
    }
}

fn values(selection: &Selection) -> u64 {
    build(selection).unwrap().cost().values
}

#[test]
fn nested_lists_multiply() {
    let logs = field("logs", &json!({"limit": 10}), &[leaf("message")]);
    let tasks = field("task_runs", &json!({"limit": 200}), &[leaf("id"), leaf("state"), logs]);
    let runs = field("flow_run", &json!({"limit": 50}), &[leaf("id"), leaf("name"), tasks]);
    let cost = build(&runs).unwrap().cost();
    assert_eq!((cost.values, cost.rows, cost.statements), (130_150, 110_050, 3));
}

#[test]
fn a_list_is_as_long_as_its_limit_its_ids_or_a_guess() {
    let id = "00000000-0000-4000-8000-000000000000";
    let many = json!([id, id, id]);
    for (arguments, rows) in [
        (json!({}), 100),
        (json!({"limit": 7}), 7),
        (json!({"limit": 0}), 0),
        (json!({"where": {"name": {"_eq": "x"}}}), 100),
        (json!({"where": {"id": {"_eq": id}, "name": {"_eq": "x"}}}), 1),
        (json!({"where": {"id": {"_in": many}}}), 3),
        (json!({"where": {"id": {"_in": many}}, "limit": 2}), 2),
        (json!({"where": {"_or": [{"id": {"_eq": id}}, {"id": {"_in": many}}]}}), 4),
        (json!({"where": {"_or": [{"id": {"_eq": id}}, {"name": {"_eq": "x"}}]}}), 100),
        (json!({"where": {"_not": {"id": {"_eq": id}}}}), 100),
        // More rows than the limits allow are never read.
        (json!({"limit": 2_147_483_647}), 100_000),
    ] {
        assert_eq!(values(&field("flow_run", &arguments, &[leaf("id")])), rows, "{arguments}");
    }
    let by_pk = field(
        "flow_run_by_pk",
        &json!({"id": id}),
        &[leaf("id"), field("flow", &Value::Null, &[leaf("id")])],
    );
    assert_eq!(values(&by_pk), 3);
    let counts =
        field("task_runs_aggregate", &Value::Null, &[field("aggregate", &Value::Null, &[leaf("count")])]);
    assert_eq!(values(&field("flow_run", &json!({"limit": 10}), &[counts])), 20);
}

#[test]
fn prices_do_not_overflow() {
    let mut nested = field("flow_runs", &json!({"limit": u64::MAX}), &[leaf("id")]);
    for _ in 0..3 {
        let flow = field("flow", &Value::Null, &[nested]);
        nested = field("flow_runs", &json!({"limit": u64::MAX}), &[flow]);
    }
    let plan = build(&field("flow", &json!({"limit": u64::MAX}), &[nested])).unwrap();
    assert!(plan.cost().values > 1_000_000);
}

#[test]
fn pages_are_set_where_no_limit_is() {
    let limits =
        ReadLimits { default_rows_root: Some(5), default_rows_nested: Some(2), ..ReadLimits::default() };
    let tasks = field("task_runs", &Value::Null, &[leaf("id")]);
    let own = field("states", &json!({"limit": 9}), &[leaf("id")]);
    let flow = field("flow", &Value::Null, &[leaf("id")]);
    let runs = field("flow_run", &Value::Null, &[tasks, own, flow]);
    let Node::Rows(level) = Plan::build(root("flow_run").unwrap(), &runs, &limits).unwrap().node else {
        panic!()
    };
    assert_eq!(level.rows.limit, Some(5));
    let nested = level.children.iter().map(|child| match &child.node {
        Node::Rows(level) => level.rows.limit,
        Node::Aggregate(_) => panic!("no aggregate was asked for"),
    });
    assert_eq!(nested.collect::<Vec<_>>(), [Some(2), Some(9), None]);
}

#[test]
fn an_allowance_is_used_up_once() {
    let allowance = Allowance::new(10);
    assert!(allowance.take(6) && !allowance.take(5) && allowance.take(4) && !allowance.take(1));
    assert!(allowance.take(0));
}

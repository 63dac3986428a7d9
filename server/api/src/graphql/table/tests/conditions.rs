//! Every operator, on every kind of column, and the rule of nulls.

use serde_json::json;

use super::Desk;

/// Checks a table of `(condition, ends of the ids found)`.
async fn check(table: &str, cases: &[(&str, &[&str])]) {
    let desk = Desk::open().await;
    for (condition, expected) in cases {
        assert_eq!(desk.found(table, condition).await, *expected, "{table} where {condition}");
    }
}

#[tokio::test]
async fn texts() {
    check(
        "flow_run",
        &[
            (r#"{state: {_eq: "Success"}}"#, &["1"]),
            (r#"{state: {_neq: "Success"}}"#, &["2", "3", "4"]),
            (r#"{state: {_in: ["Success", "Failed"]}}"#, &["1", "4"]),
            (r#"{state: {_in: "Failed"}}"#, &["4"]),
            ("{state: {_in: []}}", &[]),
            (r#"{state: {_nin: ["Success", "Failed"]}}"#, &["2", "3"]),
            ("{name: {_nin: []}}", &["1", "2", "3", "4"]),
            (r#"{name: {_gt: "calm-heron"}}"#, &["3"]),
            (r#"{name: {_gte: "calm-heron"}}"#, &["1", "3"]),
            (r#"{name: {_lt: "calm-heron"}}"#, &["2"]),
            (r#"{name: {_lte: "calm-heron"}}"#, &["1", "2"]),
            ("{name: {_is_null: true}}", &["4"]),
            ("{name: {_is_null: false}}", &["1", "2", "3"]),
            // A null name is unequal to nothing, as in SQL.
            (r#"{name: {_neq: "calm-heron"}}"#, &["2", "3"]),
            (r#"{name: {_nin: ["calm-heron"]}}"#, &["2", "3"]),
            (r#"{_not: {name: {_eq: "calm-heron"}}}"#, &["2", "3"]),
            (r#"{name: {_gt: "a", _lt: "c"}}"#, &["2"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn patterns() {
    check(
        "flow_run",
        &[
            (r#"{name: {_like: "%heron"}}"#, &["1"]),
            (r#"{name: {_like: "%HERON"}}"#, &[]),
            (r#"{name: {_ilike: "%HERON"}}"#, &["1"]),
            (r#"{name: {_like: "quick_fox"}}"#, &["3"]),
            (r#"{name: {_like: "brave_otter"}}"#, &["2"]),
            (r#"{name: {_like: "brave\\_otter"}}"#, &[]),
            (r#"{name: {_like: "quick\\_fox"}}"#, &["3"]),
            (r#"{name: {_nlike: "%heron"}}"#, &["2", "3"]),
            (r#"{name: {_nilike: "%HERON"}}"#, &["2", "3"]),
        ],
    )
    .await;
    check(
        "log",
        &[
            (r#"{message: {_ilike: "gRÖSSE%"}}"#, &[]),
            (r#"{message: {_ilike: "gRÖß%"}}"#, &["2"]),
            (r#"{message: {_like: "%100\\%"}}"#, &["2"]),
            (r#"{message: {_like: "%[ok]*?"}}"#, &["3"]),
            (r#"{message: {_like: "%[k]%"}}"#, &[]),
            (r#"{message: {_like: "it's%"}}"#, &["3"]),
            (r#"{message: {_like: ""}}"#, &[]),
            (r#"{message: {_like: "%"}}"#, &["1", "2", "3", "4", "5"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn ids_numbers_and_truths() {
    check(
        "task_run",
        &[
            (r#"{id: {_eq: "90000000-0000-4000-8000-000000000003"}}"#, &["3"]),
            (r#"{id: {_eq: "90000000000040008000000000000003"}}"#, &["3"]),
            (
                r#"{id: {_in: ["90000000-0000-4000-8000-000000000003", "90000000-0000-4000-8000-000000000004"]}}"#,
                &["3", "4"],
            ),
            (r#"{id: {_nin: ["90000000-0000-4000-8000-000000000003"]}}"#, &["1", "2", "4", "5", "6", "7"]),
            ("{id: {_nin: []}, map_index: {_eq: 0}}", &["3"]),
            ("{map_index: {_gt: 0}}", &["4"]),
            ("{map_index: {_in: [0, 1]}}", &["3", "4"]),
            ("{map_index: {_neq: -1}}", &["3", "4"]),
        ],
    )
    .await;
    check(
        "flow",
        &[
            ("{archived: {_eq: false}}", &["2", "3"]),
            ("{archived: {_eq: true}}", &["1"]),
            ("{archived: {_in: [true, false]}}", &["1", "2", "3"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn instants_in_any_zone_and_none() {
    check(
        "log",
        &[
            (r#"{timestamp: {_eq: "2026-01-01T00:00:00+00:00"}}"#, &["1"]),
            (r#"{timestamp: {_eq: "2026-01-01T00:00:00"}}"#, &["1"]),
            (r#"{timestamp: {_eq: "2026-01-01 00:00:00Z"}}"#, &["1"]),
            (r#"{timestamp: {_eq: "2025-12-31T19:00:00-05:00"}}"#, &["1"]),
            (r#"{timestamp: {_eq: "2026-01-01T00:00:00.000001+00:00"}}"#, &["2"]),
            (r#"{timestamp: {_eq: "2026-01-01T00:00:00.5"}}"#, &["3"]),
            (r#"{timestamp: {_gt: "2026-01-01T00:00:00"}}"#, &["2", "3", "4", "5"]),
            (r#"{timestamp: {_gte: "2026-01-01T00:00:00.000001", _lt: "2026-01-02"}}"#, &["2", "3"]),
            (r#"{timestamp: {_in: ["2026-01-01T00:00:00.500", "2026-01-02T01:00:00+01:00"]}}"#, &["3", "4"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn intervals_compare_by_their_text_form() {
    check(
        "task",
        &[
            (r#"{retry_delay: {_eq: "00:05:00"}}"#, &["2"]),
            (r#"{retry_delay: {_gt: "00:04:59"}}"#, &["2"]),
            (r#"{retry_delay: {_in: ["00:05:00", "01:00:00"]}}"#, &["2"]),
            ("{retry_delay: {_is_null: true}}", &["1"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn json_values() {
    check(
        "flow_run",
        &[
            (r#"{labels: {_contains: ["vm"]}}"#, &["1", "3"]),
            (r#"{labels: {_contains: ["gpu", "vm", "vm"]}}"#, &["3"]),
            ("{labels: {_contains: []}}", &["1", "2", "3", "4"]),
            (r#"{labels: {_contains: "vm"}}"#, &["1", "3"]),
            ("{labels: {_contains: {vm: 1}}}", &[]),
            (r#"{labels: {_contained_in: ["vm"]}}"#, &["1", "2"]),
            ("{labels: {_contained_in: []}}", &["2"]),
            (r#"{labels: {_contained_in: "vm"}}"#, &[]),
            (r#"{labels: {_eq: ["vm", "gpu"]}}"#, &["3"]),
            (r#"{labels: {_eq: ["gpu", "vm"]}}"#, &[]),
            ("{labels: {_eq: []}}", &["2"]),
            ("{labels: {_neq: []}}", &["1", "3", "4"]),
            (r#"{labels: {_in: [["vm"], []]}}"#, &["1", "2"]),
            (r#"{labels: {_nin: [["vm"], []]}}"#, &["3", "4"]),
            (r#"{labels: {_has_key: "gpu"}}"#, &["3"]),
            (r#"{labels: {_has_keys_any: ["gpu", "100%"]}}"#, &["3", "4"]),
            (r#"{labels: {_has_keys_all: ["gpu", "vm"]}}"#, &["3"]),
            (r#"{parameters: {_has_key: "x"}}"#, &["1", "2", "3"]),
            (r#"{parameters: {_has_key: "deep"}}"#, &["1"]),
            (r#"{parameters: {_has_key: "a"}}"#, &[]),
            ("{parameters: {_contains: {x: 1}}}", &["1"]),
            ("{parameters: {_contains: {x: 1.0}}}", &["1"]),
            ("{parameters: {_contains: {x: 2.5}}}", &["2"]),
            (r#"{parameters: {_contains: {x: "1"}}}"#, &["3"]),
            ("{parameters: {_contains: {y: true}}}", &["3"]),
            ("{parameters: {_contains: {y: 1}}}", &[]),
            ("{parameters: {_contains: {x: {deeper: 1}}}}", &[]),
            ("{parameters: {_contains: {deep: {a: [{b: null}]}}}}", &["1"]),
            ("{parameters: {_contains: {deep: {a: [{b: 1}]}}}}", &[]),
            ("{parameters: {_contains: {deep: {a: 1}}}}", &[]),
            ("{parameters: {_contains: {}}}", &["1", "2", "3", "4"]),
            (r#"{parameters: {_eq: {y: true, x: "1"}}}"#, &["3"]),
            ("{parameters: {_eq: {deep: {a: [1, {b: null}]}, x: 1}}}", &["1"]),
            ("{parameters: {_eq: {deep: {a: [1, {b: null, c: 1}]}, x: 1}}}", &[]),
            ("{parameters: {_eq: {x: 2.5, y: 1}}}", &[]),
            ("{parameters: {_eq: {}}}", &["4"]),
            (r#"{parameters: {_contained_in: {x: "1", y: true, z: 0}}}"#, &["3", "4"]),
            // run_config is null in every row: neither a condition nor its opposite holds.
            ("{run_config: {_contains: {a: 1}}}", &[]),
            ("{_not: {run_config: {_contains: {a: 1}}}}", &[]),
            (r#"{_not: {run_config: {_has_key: "a"}}}"#, &[]),
            ("{run_config: {_is_null: true}}", &["1", "2", "3", "4"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_null_drops_its_condition() {
    let all = &["1", "2", "3", "4"][..];
    check(
        "flow_run",
        &[
            ("{name: {_eq: null}}", all),
            ("{name: {_neq: null}}", all),
            ("{name: {_in: null}}", all),
            ("{name: {_like: null}}", all),
            ("{name: {_is_null: null}}", all),
            ("{labels: {_contains: null}}", all),
            ("{name: null}", all),
            ("{flow: null}", all),
            ("{_and: null, _or: null, _not: null}", all),
            ("null", all),
            ("{}", all),
            ("{flow: {_and: {name: {_eq: null}, project: {name: {_eq: null}}}}}", all),
            (r#"{name: {_eq: null}, state: {_eq: "Failed"}}"#, &["4"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn boolean_operators() {
    let all = &["1", "2", "3", "4"][..];
    check(
        "flow_run",
        &[
            (r#"{_and: {state: {_eq: "Failed"}}}"#, &["4"]),
            (r#"{_and: [{state: {_eq: "Failed"}}, {}]}"#, &["4"]),
            ("{_and: []}", all),
            ("{_or: []}", &[]),
            ("{_or: [{}]}", all),
            (r#"{_or: {state: {_eq: "Failed"}}}"#, &["4"]),
            (r#"{_or: [{state: {_eq: "Failed"}}, {state: {_eq: "Running"}}]}"#, &["3", "4"]),
            (r#"{_not: {_or: [{state: {_eq: "Failed"}}, {state: {_eq: "Running"}}]}}"#, &["1", "2"]),
            ("{_not: {}}", &[]),
            (r#"{version: {_gt: 1}, _or: [{state: {_eq: "Success"}}, {state: {_eq: "Failed"}}]}"#, &["1"]),
            (
                r#"{_or: [{_and: [{state: {_eq: "Success"}}, {version: {_eq: 0}}]}, {_not: {version: {_lt: 3}}}]}"#,
                &["1", "3"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn relationships_as_conditions() {
    check(
        "flow_run",
        &[
            (r#"{flow: {name: {_eq: "report"}}}"#, &["3"]),
            (r#"{flow: {project: {name: {_eq: "Hello"}}, version: {_eq: 2}}}"#, &["1", "2"]),
            ("{flow: {}}", &["1", "2", "3", "4"]),
            ("{agent: {}}", &["1", "3"]),
            ("{_not: {agent: {}}}", &["2", "4"]),
            (r#"{task_runs: {state: {_eq: "Retrying"}}}"#, &["3"]),
            (r#"{task_runs: {state_start_time: {_lte: "2026-01-04T00:00:00"}}}"#, &["3"]),
            (r#"{task_runs: {task: {name: {_eq: "load"}}, map_index: {_gte: 0}}}"#, &["1"]),
            ("{_not: {task_runs: {}}}", &["4"]),
            (r#"{logs: {level: {_in: ["ERROR", "WARNING"]}}, states: {state: {_eq: "Running"}}}"#, &["1"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn variables_anywhere() {
    let desk = Desk::open().await;
    let document = "query($w: flow_run_bool_exp, $o: [flow_run_order_by!], $s: String, $l: [String!], $n: Int,
            $id: uuid, $t: timestamptz, $j: jsonb) {
        whole: flow_run(where: $w, order_by: $o) { id }
        inside: flow_run(where: {_or: [{state: {_eq: $s}}, {state: {_in: $l}}]}, order_by: {id: asc}, limit: $n) { id }
        typed: flow_run(where: {id: {_eq: $id}, created: {_gte: $t}, labels: {_contains: $j}}) { id }
        absent: flow_run(where: {state: {_eq: $s}, name: {_eq: $n2}}) { id }
    }";
    let document = &document.replace("$j: jsonb)", "$j: jsonb, $n2: String)");
    let variables = json!({
        "w": {"state": {"_in": ["Success", "Failed"]}},
        "o": [{"state": "desc"}],
        "s": "Running",
        "l": ["Success", "Failed"],
        "n": 2,
        "id": "80000000-0000-4000-8000-000000000001",
        "t": "2026-01-01",
        "j": ["vm"],
    });
    let data = desk.ask_with(document, variables).await;
    assert_eq!(super::ends(&data["whole"]), ["1", "4"]);
    assert_eq!(super::ends(&data["inside"]), ["1", "3"]);
    assert_eq!(super::ends(&data["typed"]), ["1"]);
    assert_eq!(super::ends(&data["absent"]), ["3"]);
}

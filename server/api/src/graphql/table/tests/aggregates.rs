//! Aggregates, at the root and for each parent.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn at_the_root() {
    let desk = Desk::open().await;
    let data = desk
        .ask(
            "{ all: flow_run_aggregate { aggregate {
                count named: count(columns: name) flows: count(columns: [flow_id], distinct: true)
                pairs: count(columns: [flow_id, state], distinct: true)
                min { version start_time name } max { version created __typename } sum { version } avg { version }
                __typename } __typename }
              some: flow_run_aggregate(where: {state: {_eq: \"Failed\"}}) { aggregate { count max { name } } nodes { name state } }
              none: flow_run_aggregate(where: {_or: []}) { aggregate { count sum { version } min { name } } nodes { id } }
              first: flow_run_aggregate(order_by: {version: desc}, limit: 2) { aggregate { count sum { version } } }
              later: flow_run_aggregate(order_by: {version: desc}, offset: 3) { aggregate { count } nodes { state } }
              kinds: flow_run_aggregate(distinct_on: flow_id) { aggregate { count } }
              delays: task_aggregate { aggregate { max { retry_delay } } } }",
        )
        .await;
    assert_eq!(
        data,
        json!({
            "all": {"aggregate": {
                "count": 4, "named": 3, "flows": 3, "pairs": 4,
                "min": {"version": 1, "start_time": "2026-01-01T00:00:00.000001+00:00", "name": "brave-otter"},
                "max": {"version": 4, "created": "2026-01-04T00:00:00+00:00", "__typename": "flow_run_max_fields"},
                "sum": {"version": 9}, "avg": {"version": 2.25},
                "__typename": "flow_run_aggregate_fields"
            }, "__typename": "flow_run_aggregate"},
            "some": {"aggregate": {"count": 1, "max": {"name": null}}, "nodes": [{"name": null, "state": "Failed"}]},
            "none": {"aggregate": {"count": 0, "sum": {"version": null}, "min": {"name": null}}, "nodes": []},
            "first": {"aggregate": {"count": 2, "sum": {"version": 7}}},
            "later": {"aggregate": {"count": 1}, "nodes": [{"state": "Scheduled"}]},
            "kinds": {"aggregate": {"count": 3}},
            "delays": {"aggregate": {"max": {"retry_delay": "00:05:00"}}},
        })
    );
}

#[tokio::test]
async fn for_each_parent() {
    let desk = Desk::open().await;
    let data = desk
        .ask(
            "{ flow_run(order_by: {id: asc}) {
                all: task_runs_aggregate { aggregate { count max { map_index } } }
                good: task_runs_aggregate(where: {state: {_eq: \"Success\"}}) { aggregate { count } nodes { name task { name } } }
                two: task_runs_aggregate(order_by: {id: asc}, limit: 2) { aggregate { count } nodes { map_index } }
                tasks: task_runs_aggregate(distinct_on: task_id) { aggregate { count } } } }",
        )
        .await;
    assert_eq!(
        data["flow_run"][0],
        json!({
            "all": {"aggregate": {"count": 4, "max": {"map_index": 1}}},
            "good": {"aggregate": {"count": 2}, "nodes": [
                {"name": null, "task": {"name": "extract"}}, {"name": "load-a", "task": {"name": "load"}}]},
            "two": {"aggregate": {"count": 2}, "nodes": [{"map_index": -1}, {"map_index": -1}]},
            "tasks": {"aggregate": {"count": 2}},
        })
    );
    assert_eq!(
        data["flow_run"][3],
        json!({
            "all": {"aggregate": {"count": 0, "max": {"map_index": null}}},
            "good": {"aggregate": {"count": 0}, "nodes": []},
            "two": {"aggregate": {"count": 0}, "nodes": []},
            "tasks": {"aggregate": {"count": 0}},
        })
    );
}

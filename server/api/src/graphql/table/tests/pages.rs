//! `limit`, `offset` and `distinct_on`, at the root and for each parent.

use serde_json::json;

use super::{Desk, ends};

#[tokio::test]
async fn at_the_root() {
    let desk = Desk::open().await;
    for (arguments, expected) in [
        ("order_by: {created: asc}, limit: 2", &["1", "2"][..]),
        ("order_by: {created: asc}, limit: 2, offset: 1", &["2", "3"]),
        ("order_by: {created: asc}, offset: 3", &["4"]),
        ("order_by: {created: asc}, limit: 0", &[]),
        ("order_by: {created: asc}, limit: null, offset: null, distinct_on: null", &["1", "2", "3", "4"]),
        ("order_by: {flow_id: asc, created: desc}, distinct_on: flow_id", &["4", "2", "3"]),
        ("order_by: {flow_id: asc, created: asc}, distinct_on: [flow_id]", &["4", "1", "3"]),
        ("order_by: {flow_id: asc, created: asc}, distinct_on: [flow_id, state]", &["4", "1", "2", "3"]),
        ("distinct_on: flow_id", &["4", "1", "3"]),
        ("order_by: {flow_id: asc, created: desc}, distinct_on: flow_id, limit: 1, offset: 1", &["2"]),
    ] {
        assert_eq!(desk.listed(&format!("flow_run({arguments})")).await, expected, "{arguments}");
    }
}

#[tokio::test]
async fn for_each_parent_separately() {
    let desk = Desk::open().await;
    for (arguments, first, third) in [
        ("order_by: {id: asc}", &["1", "2", "3", "4"][..], &["5", "6"][..]),
        ("order_by: {id: asc}, limit: 1", &["1"], &["5"]),
        ("order_by: {id: desc}, limit: 1", &["4"], &["6"]),
        ("order_by: {id: asc}, limit: 2, offset: 1", &["2", "3"], &["6"]),
        ("order_by: {id: asc}, offset: 1", &["2", "3", "4"], &["6"]),
        ("limit: 0", &[], &[]),
        ("order_by: {task_id: asc, map_index: desc}, distinct_on: task_id", &["1", "4"], &["5", "6"]),
        ("order_by: {task_id: desc, map_index: desc}, distinct_on: task_id, limit: 1", &["4"], &["6"]),
        ("order_by: {id: asc}, where: {map_index: {_gte: 0}}, limit: 1", &["3"], &[]),
    ] {
        let document =
            format!("{{ flow_run(order_by: {{id: asc}}) {{ id task_runs({arguments}) {{ id }} }} }}");
        let runs = desk.ask(&document).await;
        assert_eq!(ends(&runs["flow_run"][0]["task_runs"]), first, "{arguments}");
        assert_eq!(ends(&runs["flow_run"][2]["task_runs"]), third, "{arguments}");
        assert_eq!(runs["flow_run"][3]["task_runs"], json!([]), "{arguments}");
    }
}

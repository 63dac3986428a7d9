//! Orders: significance of keys, nulls, relationships, aggregates.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn every_order_and_its_nulls() {
    let desk = Desk::open().await;
    for (order, expected) in [
        ("{name: asc}", ["2", "1", "3", "4"]),
        ("{name: asc_nulls_last}", ["2", "1", "3", "4"]),
        ("{name: asc_nulls_first}", ["4", "2", "1", "3"]),
        ("{name: desc}", ["4", "3", "1", "2"]),
        ("{name: desc_nulls_first}", ["4", "3", "1", "2"]),
        ("{name: desc_nulls_last}", ["3", "1", "2", "4"]),
        ("{created: desc}", ["4", "3", "2", "1"]),
        ("{start_time: desc}", ["2", "4", "3", "1"]),
        ("[{version: desc}, {state: asc}]", ["1", "3", "4", "2"]),
        ("{version: desc, state: asc}", ["1", "3", "4", "2"]),
        ("{state: asc, version: desc}", ["4", "3", "2", "1"]),
        // Through relationships: flow 1 and 2 are `etl`, 3 is `report`.
        ("{flow: {name: desc}, created: asc}", ["3", "1", "2", "4"]),
        ("{flow: {name: asc, version: desc}}", ["2", "1", "4", "3"]),
        ("{flow: {flow_group: {name: desc}}, id: desc}", ["3", "4", "2", "1"]),
        ("{agent: {name: asc}, id: desc}", ["3", "1", "4", "2"]),
        ("{task_runs_aggregate: {count: desc}}", ["1", "3", "2", "4"]),
        ("{states_aggregate: {max: {timestamp: asc}}, created: desc}", ["2", "3", "1", "4"]),
        ("{name: null, created: desc}", ["4", "3", "2", "1"]),
    ] {
        assert_eq!(desk.listed(&format!("flow_run(order_by: {order})")).await, expected, "{order}");
    }
}

#[tokio::test]
async fn the_order_of_keys_in_variables_counts_too() {
    let desk = Desk::open().await;
    let document = "query($o: [flow_run_order_by!]) { flow_run(order_by: $o) { id } }";
    let by = |variables| desk.ask_with(document, variables);
    let text = r#"{"o": {"version": "desc", "state": "asc"}}"#;
    assert_eq!(super::ends(&by(serde_json::from_str(text).unwrap()).await["flow_run"]), ["1", "3", "4", "2"]);
    let text = r#"{"o": {"state": "asc", "version": "desc"}}"#;
    assert_eq!(super::ends(&by(serde_json::from_str(text).unwrap()).await["flow_run"]), ["4", "3", "2", "1"]);
    assert_eq!(super::ends(&by(json!({"o": null})).await["flow_run"]).len(), 4);
}

#[tokio::test]
async fn equal_rows_are_ordered_by_their_ids_in_the_direction_of_the_last_key() {
    let desk = Desk::open().await;
    let oldest = ["1", "2", "3", "4", "5", "6", "7"];
    let newest = ["7", "6", "5", "4", "3", "2", "1"];
    assert_eq!(desk.listed("task_run(order_by: {created: asc})").await, oldest);
    assert_eq!(desk.listed("task_run(order_by: {created: desc})").await, newest);
}

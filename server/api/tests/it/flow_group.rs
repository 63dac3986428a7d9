//! Flow groups.

use crate::world::{World, flow, hourly};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox_core::access::Role;

async fn group(world: &World) -> String {
    let id = world.flow().await;
    let hex = id.replace('-', "");
    uuid(&world.value(&format!("SELECT hex(flow_group_id) FROM flow WHERE hex(id) = upper('{hex}')")).await)
}

fn uuid(hex: &str) -> String {
    uuid::Uuid::parse_str(hex).unwrap().to_string()
}

#[tokio::test]
async fn what_a_group_gives_to_its_runs() {
    let world = World::new().await;
    let id = group(&world).await;
    for (noun, value, stored) in [
        ("labels", json!(["b", "a", "b"]), json!(["a", "b"])),
        ("labels", json!([]), json!([])),
        ("labels", json!(null), json!(null)),
        ("run_config", json!({"type": "DockerRun"}), json!({"type": "DockerRun"})),
        ("run_config", json!(null), json!(null)),
        ("description", json!("what for"), json!("what for")),
        ("description", json!(null), json!(null)),
        ("default_parameters", json!({"n": [1, null]}), json!({"n": [1, null]})),
        ("default_parameters", json!(null), json!({})),
    ] {
        let input = json!({"flow_group_id": id, noun: value});
        world.twice(&format!("set_flow_group_{noun}"), "success", input).await;
        let text = world.value(&format!("SELECT {noun} FROM flow_group")).await;
        assert_eq!(serde_json::from_str(&text).unwrap_or_else(|_| json!(text)), stored);
    }
    for (noun, value) in [
        ("labels", json!([""])),
        ("run_config", json!("DockerRun")),
        ("default_parameters", json!([1])),
        ("description", json!("x".repeat(100_001))),
    ] {
        let input = json!({"flow_group_id": id, noun: value});
        let refusal = world.refused(&format!("set_flow_group_{noun}"), "success", input).await;
        assert_eq!(refusal.code, "INVALID_INPUT", "{noun}");
    }
}

#[tokio::test]
async fn a_schedule_of_the_group_replaces_the_flows_own() {
    let world = World::new().await;
    let id = group(&world).await;
    let flow_id = uuid(&world.value("SELECT hex(id) FROM flow").await);
    let input = |zone: Value, every: i64| {
        json!({
            "flow_group_id": id, "timezone": zone, "cron_clocks": [{"cron": "0 9 * * *", "parameter_defaults": {"n": 2}}],
            "interval_clocks": [{"interval": every}],
        })
    };
    world.twice("set_flow_group_schedule", "success", input(json!(null), 3600)).await;
    world.twice("set_flow_group_schedule", "success", input(json!("Europe/Berlin"), 3600)).await;
    assert_eq!(
        world.value("SELECT schedule -> 'clocks' -> 1 ->> 'interval' FROM flow_group").await,
        "3600000000"
    );
    assert!(world.success("set_schedule_active", json!({"flow_id": flow_id})).await);
    for (zone, every) in
        [(json!("Mars/Olympus"), 3600), (json!(null), 59), (json!(null), -1), (json!(null), i64::MAX)]
    {
        let refusal = world.refused("set_flow_group_schedule", "success", input(zone, every)).await;
        assert_eq!(refusal.code, "INVALID_INPUT", "{refusal:?}");
    }
    let empty = json!({"flow_group_id": id, "cron_clocks": [], "interval_clocks": []});
    assert_eq!(world.refused("set_flow_group_schedule", "success", empty).await.code, "INVALID_INPUT");
    let hourly = "SELECT count(*) FROM flow_run WHERE auto_scheduled AND state = 'Scheduled'";
    assert_eq!(world.value(hourly).await, "10");
    world.twice("set_flow_group_schedule", "success", input(json!("Europe/Berlin"), 7200)).await;
    let starts =
        world.query("{ flow_run(order_by: {scheduled_start_time: asc}) { scheduled_start_time } }").await;
    let starts: Vec<DateTime<Utc>> = starts["flow_run"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["scheduled_start_time"].as_str().unwrap().parse().unwrap())
        .collect();
    let span = starts[starts.len() - 1] - starts[0];
    assert!(span.num_hours() > 15, "what the schedule before had planned is gone: {starts:?}");
    let delete = json!({"flow_group_id": id});
    assert!(world.success("delete_flow_group_schedule", delete.clone()).await);
    assert_eq!(world.value(hourly).await, "0");
    assert!(!world.success("delete_flow_group_schedule", delete).await);
    assert_eq!(world.value("SELECT is_schedule_active FROM flow").await, "0", "it has no schedule left");
}

#[tokio::test]
async fn a_schedule_that_leaves_a_required_parameter_open_is_refused_while_it_is_active() {
    let world = World::new().await;
    let mut document = flow("clockwork");
    document["schedule"] = hourly(&json!({"must": 1}));
    document["parameters"] = json!([{"name": "must", "slug": "must", "required": true}]);
    world.registered(document, json!({"set_schedule_active": true})).await;
    let id = uuid(&world.value("SELECT hex(id) FROM flow_group").await);
    let input = json!({"flow_group_id": id, "cron_clocks": [{"cron": "0 9 * * *"}]});
    let refusal = world.refused("set_flow_group_schedule", "success", input.clone()).await;
    assert!(refusal.code == "INVALID_INPUT" && refusal.message.contains("must"), "{refusal:?}");
    let defaults = json!({"flow_group_id": id, "default_parameters": {"must": 2}});
    world.success("set_flow_group_default_parameters", defaults).await;
    world.twice("set_flow_group_schedule", "success", input).await;
}

#[tokio::test]
async fn strangers_and_lesser_keys_are_refused() {
    let mut world = World::new().await;
    let id = group(&world).await;
    let calls = [
        ("set_flow_group_labels", json!({"flow_group_id": id, "labels": ["x"]})),
        ("set_flow_group_run_config", json!({"flow_group_id": id, "run_config": {}})),
        ("set_flow_group_description", json!({"flow_group_id": id, "description": "x"})),
        ("set_flow_group_default_parameters", json!({"flow_group_id": id, "default_parameters": {"n": 1}})),
        ("set_flow_group_schedule", json!({"flow_group_id": id, "interval_clocks": [{"interval": 60}]})),
        ("delete_flow_group_schedule", json!({"flow_group_id": id})),
    ];
    let before = world.tables().await;
    for role in [Role::Viewer, Role::Agent] {
        world.become_key(role);
        for (name, input) in &calls {
            assert_eq!(world.refused(name, "success", input.clone()).await.code, "FORBIDDEN", "{name}");
        }
    }
    world.become_stranger().await;
    for (name, input) in &calls {
        assert_eq!(world.refused(name, "success", input.clone()).await.code, "NOT_FOUND", "{name}");
    }
    assert!(!world.success("delete_flow_group", json!({"flow_group_id": id})).await);
    assert_eq!(before["flow_group"], world.tables().await["flow_group"]);
    world.become_local();
    assert!(world.success("delete_flow_group", json!({"flow_group_id": id})).await);
    assert!(!world.success("delete_flow_group", json!({"flow_group_id": id})).await);
    assert_eq!(world.value("SELECT count(*) FROM flow").await, "0");
}

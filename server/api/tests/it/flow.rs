//! Registered flows: put away, deleted, moved, switched.

use crate::world::{World, flow, hourly};
use serde_json::{Value, json};
use signalbox_core::access::Role;

fn scheduled(name: &str) -> Value {
    let mut flow = flow(name);
    flow["schedule"] = hourly(&json!({}));
    flow
}

#[tokio::test]
async fn schedules_are_switched() {
    let world = World::new().await;
    let plain = world.flow().await;
    let input = json!({"flow_id": plain});
    assert_eq!(world.twice("set_schedule_active", "success", input).await, json!({"success": false}));
    let id = world.registered(scheduled("clockwork"), json!({"set_schedule_active": false})).await;
    let input = json!({"flow_id": id});
    let active = "SELECT is_schedule_active FROM flow WHERE name = 'clockwork'";
    assert_eq!(world.twice("set_schedule_active", "success", input.clone()).await, json!({"success": true}));
    assert_eq!(world.value(active).await, "1");
    let planned = "SELECT count(*) FROM flow_run WHERE auto_scheduled AND state = 'Scheduled'";
    assert_eq!(world.value(planned).await, "10", "the next ten are there at once");
    assert_eq!(
        world.twice("set_schedule_inactive", "success", input.clone()).await,
        json!({"success": true})
    );
    assert_eq!(world.value(active).await, "0");
    assert_eq!(world.value(planned).await, "0");
    world.twice("archive_flow", "success", input.clone()).await;
    assert!(!world.success("set_schedule_active", input).await, "a flow that was put away makes no runs");
}

#[tokio::test]
async fn switches_reach_every_version() {
    let world = World::new().await;
    let project = world.project().await;
    let register = async || {
        world.wait(60);
        world.id("create_flow", json!({"project_id": project, "serialized_flow": flow("demo")})).await
    };
    let id = register().await;
    for (mutation, key, value) in [
        ("disable_flow_heartbeat", "heartbeat_enabled", false),
        ("enable_flow_heartbeat", "heartbeat_enabled", true),
        ("disable_flow_lazarus_process", "lazarus_enabled", false),
        ("enable_flow_lazarus_process", "lazarus_enabled", true),
        ("enable_flow_version_lock", "version_locking_enabled", true),
        ("disable_flow_version_lock", "version_locking_enabled", false),
        ("disable_flow_heartbeat", "heartbeat_enabled", false),
    ] {
        world.twice(mutation, "success", json!({"flow_id": id})).await;
        let query = format!("SELECT settings -> '{key}' FROM flow");
        assert_eq!(world.json(&query).await, json!(value), "{mutation}");
    }
    register().await;
    assert_eq!(
        world.sql("SELECT settings -> 'heartbeat_enabled' FROM flow").await,
        ["false", "false"],
        "new ones too"
    );
}

#[tokio::test]
async fn a_flow_is_moved_and_deleted() {
    let world = World::new().await;
    let id = world.flow().await;
    let project = world.project().await;
    world.twice("update_flow_project", "id", json!({"flow_id": id, "project_id": project})).await;
    let query =
        "SELECT count(*) FROM flow f JOIN project p ON p.id = f.project_id WHERE p.name <> 'project-0'";
    assert_eq!(world.value(query).await, "1");
    let nowhere = json!({"flow_id": id, "project_id": "00000000-0000-0000-0000-000000000001"});
    assert_eq!(world.refused("update_flow_project", "id", nowhere).await.code, "NOT_FOUND");
    assert!(world.success("delete_flow", json!({"flow_id": id})).await);
    assert!(!world.success("delete_flow", json!({"flow_id": id})).await);
    assert_eq!(world.value("SELECT count(*) FROM edge").await, "0");
}

#[tokio::test]
async fn strangers_and_lesser_keys_are_refused() {
    let mut world = World::new().await;
    let id = world.registered(scheduled("clockwork"), json!({})).await;
    let project = world.project().await;
    let mutations = [
        "archive_flow",
        "set_schedule_active",
        "set_schedule_inactive",
        "enable_flow_heartbeat",
        "disable_flow_heartbeat",
        "enable_flow_lazarus_process",
        "disable_flow_lazarus_process",
        "enable_flow_version_lock",
        "disable_flow_version_lock",
    ];
    let before = world.tables().await;
    for role in [Role::Viewer, Role::Agent] {
        world.become_key(role);
        for mutation in mutations.iter().chain(&["delete_flow"]) {
            let refusal = world.refused(mutation, "success", json!({"flow_id": id})).await;
            assert_eq!(refusal.code, "FORBIDDEN", "{mutation}");
        }
    }
    world.become_stranger().await;
    let nobody = json!({"flow_id": "00000000-0000-0000-0000-000000000001"});
    for mutation in mutations {
        let theirs = world.refused(mutation, "success", json!({"flow_id": id})).await;
        assert_eq!(theirs.code, "NOT_FOUND", "{mutation}");
        let missing = world.refused(mutation, "success", nobody.clone()).await;
        assert_eq!(
            theirs.message.replace(&id, ""),
            missing.message.replace(nobody["flow_id"].as_str().unwrap(), "")
        );
    }
    assert!(!world.success("delete_flow", json!({"flow_id": id})).await);
    let input = json!({"flow_id": id, "project_id": project});
    assert_eq!(world.refused("update_flow_project", "id", input).await.code, "NOT_FOUND");
    let mut after = world.tables().await;
    after.insert("tenant".into(), before["tenant"].clone());
    assert_eq!(before, after);
}

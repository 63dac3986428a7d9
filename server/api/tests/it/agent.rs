//! Agents.

use crate::world::World;
use serde_json::json;
use signalbox_core::access::Role;

#[tokio::test]
async fn the_same_agent_keeps_its_id() {
    let mut world = World::new().await;
    let input = |name: &str, labels: &[&str]| json!({"type": "LocalAgent", "name": name, "labels": labels, "agent_config_id": null});
    world.become_key(Role::Agent);
    let id = world.twice("register_agent", "id", input("a", &["y", "x"])).await["id"].clone();
    let again = world.id("register_agent", input("a", &["x", "y", "x"])).await;
    assert_eq!(id, again, "labels are a set");
    assert_ne!(id, world.id("register_agent", input("a", &["x"])).await);
    assert_ne!(id, world.id("register_agent", input("b", &["x", "y"])).await);
    assert_eq!(world.sql("SELECT core_version FROM agent ORDER BY created, id").await[0], "1.4.1");
    assert_eq!(world.json("SELECT labels FROM agent ORDER BY created, id LIMIT 1").await, json!(["x", "y"]));
    world.become_stranger().await;
    assert_ne!(id, world.id("register_agent", input("a", &["x", "y"])).await);
}

#[tokio::test]
async fn absurd_agents_are_refused() {
    let mut world = World::new().await;
    let absurd: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    for (input, code) in [
        (json!({"type": "LocalAgent", "labels": [""]}), "INVALID_INPUT"),
        (json!({"type": "LocalAgent", "labels": ["x".repeat(256)]}), "INVALID_INPUT"),
        (json!({"type": "LocalAgent", "labels": absurd}), "INVALID_INPUT"),
        (json!({"type": " "}), "INVALID_INPUT"),
        (
            json!({"type": "LocalAgent", "agent_config_id": "00000000-0000-0000-0000-000000000001"}),
            "NOT_FOUND",
        ),
        (json!({"type": "LocalAgent", "tenant_id": "00000000-0000-0000-0000-000000000001"}), "NOT_FOUND"),
        (json!({"type": "LocalAgent", "agent_config_id": "seven"}), "(validation)"),
    ] {
        world.become_key(Role::Agent);
        assert_eq!(world.refused("register_agent", "id", input.clone()).await.code, code, "{input}");
    }
    world.become_key(Role::Viewer);
    assert_eq!(world.refused("register_agent", "id", json!({"type": "LocalAgent"})).await.code, "FORBIDDEN");
}

#[tokio::test]
async fn an_agent_is_forgotten_once() {
    let mut world = World::new().await;
    let id = world.id("register_agent", json!({"type": "LocalAgent"})).await;
    let input = json!({"agent_id": id});
    world.become_stranger().await;
    assert!(!world.success("delete_agent", input.clone()).await);
    world.become_local();
    assert!(world.success("delete_agent", input.clone()).await);
    assert!(!world.success("delete_agent", input).await);
}

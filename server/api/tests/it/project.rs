//! Projects.

use crate::world::{Refusal, World};
use serde_json::json;
use signalbox_core::access::Role;

#[tokio::test]
async fn a_second_project_of_the_name_is_refused_in_the_words_that_the_client_looks_for() {
    let mut world = World::new().await;
    let input = json!({"name": "Hello", "description": null, "tenant_id": world.tenant()});
    world.id("create_project", input.clone()).await;
    let refusal = Refusal { code: "ALREADY_EXISTS".into(), message: "Uniqueness violation.".into() };
    assert_eq!(world.refused("create_project", "id", input).await, refusal);
    // Names are unique within a tenant only.
    world.become_stranger().await;
    world.id("create_project", json!({"name": "Hello"})).await;
}

#[tokio::test]
async fn a_project_is_renamed_and_described() {
    let world = World::new().await;
    let id = world.project().await;
    world.twice("set_project_name", "id", json!({"project_id": id, "name": "after"})).await;
    world.twice("set_project_description", "id", json!({"project_id": id, "description": "what for"})).await;
    assert_eq!(world.value("SELECT name || ': ' || description FROM project").await, "after: what for");
    world.twice("set_project_description", "id", json!({"project_id": id, "description": null})).await;
    let other = world.project().await;
    let taken = world.refused("set_project_name", "id", json!({"project_id": other, "name": "after"})).await;
    assert_eq!(taken.code, "ALREADY_EXISTS");
    for name in [String::new(), " ".into(), "x".repeat(1001), "a\0b".into()] {
        let refusal = world.refused("set_project_name", "id", json!({"project_id": id, "name": name})).await;
        assert_eq!(refusal.code, "INVALID_INPUT");
    }
}

#[tokio::test]
async fn deleting_a_project_deletes_what_is_in_it() {
    let world = World::new().await;
    let id = world.project().await;
    let flow = crate::world::flow("demo");
    world.id("create_flow", json!({"project_id": id, "serialized_flow": flow})).await;
    assert!(world.success("delete_project", json!({"project_id": id})).await);
    assert!(!world.success("delete_project", json!({"project_id": id})).await);
    assert_eq!(world.value("SELECT count(*) FROM flow").await, "0");
    assert_eq!(world.value("SELECT count(*) FROM task").await, "0");
}

#[tokio::test]
async fn strangers_and_lesser_keys_are_refused() {
    let mut world = World::new().await;
    let tenant = world.tenant();
    let id = world.project().await;
    let rename = json!({"project_id": id, "name": "mine"});
    for role in [Role::Viewer, Role::Agent] {
        world.become_key(role);
        assert_eq!(world.refused("set_project_name", "id", rename.clone()).await.code, "FORBIDDEN");
        assert_eq!(world.refused("create_project", "id", json!({"name": "x"})).await.code, "FORBIDDEN");
    }
    world.become_stranger().await;
    assert_eq!(world.refused("set_project_name", "id", rename).await.code, "NOT_FOUND");
    assert!(!world.success("delete_project", json!({"project_id": id})).await);
    let input = json!({"name": "x", "tenant_id": tenant});
    assert_eq!(world.refused("create_project", "id", input).await.code, "NOT_FOUND");
    assert_eq!(world.value("SELECT count(*) FROM project").await, "1");
}

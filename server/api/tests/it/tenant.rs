//! Tenants, agents' settings, shared values, and what the API says of itself.

use crate::world::World;
use serde_json::{Value, json};
use signalbox_core::access::Role;

#[tokio::test]
async fn a_tenant_is_changed_and_deleted() {
    let mut world = World::new().await;
    let id = world.tenant();
    world.twice("update_tenant_name", "id", json!({"tenant_id": id, "name": "Ours"})).await;
    world.twice("update_tenant_slug", "id", json!({"tenant_id": id, "slug": "ours"})).await;
    world.twice("update_tenant_settings", "id", json!({"tenant_id": id, "settings": {"a": 1}})).await;
    world.twice("update_tenant_settings", "id", json!({"tenant_id": id, "settings": {"b": 2}})).await;
    assert_eq!(world.value("SELECT name || slug FROM tenant").await, "Oursours");
    assert_eq!(world.json("SELECT settings FROM tenant").await, json!({"a": 1, "b": 2}));
    let other = world.id("create_tenant", json!({"name": "Other", "slug": "theirs"})).await;
    for (slug, code) in [("theirs", "ALREADY_EXISTS"), ("With Space", "INVALID_INPUT"), ("", "INVALID_INPUT")]
    {
        let refusal = world.refused("update_tenant_slug", "id", json!({"tenant_id": id, "slug": slug})).await;
        assert_eq!(refusal.code, code, "{slug}");
    }
    assert_eq!(world.refused("delete_tenant", "success", json!({"tenant_id": id})).await.code, "CONFLICT");
    world.become_key(Role::Admin);
    let foreign = json!({"tenant_id": other, "name": "mine"});
    assert_eq!(world.refused("update_tenant_name", "id", foreign).await.code, "NOT_FOUND");
    assert_eq!(
        world.refused("delete_tenant", "success", json!({"tenant_id": other})).await.code,
        "NOT_FOUND"
    );
    world.become_key(Role::Operator);
    let own = json!({"tenant_id": id, "name": "mine"});
    assert_eq!(world.refused("update_tenant_name", "id", own).await.code, "FORBIDDEN");
    assert_eq!(world.refused("delete_tenant", "success", json!({"tenant_id": id})).await.code, "FORBIDDEN");
    world.become_local();
    assert!(world.success("delete_tenant", json!({"tenant_id": other})).await);
    assert!(!world.success("delete_tenant", json!({"tenant_id": other})).await);
    let gone = json!({"tenant_id": other, "name": "x"});
    assert_eq!(world.refused("update_tenant_name", "id", gone).await.code, "NOT_FOUND");
}

#[tokio::test]
async fn settings_of_agents() {
    let mut world = World::new().await;
    let tenant = world.tenant();
    let id = world
        .id("create_agent_config", json!({"tenant_id": tenant, "name": "gpu", "settings": {"a": 1}}))
        .await;
    let input = json!({"agent_config_id": id, "settings": {"a": 2}});
    world.twice("update_agent_config", "success", input.clone()).await;
    assert_eq!(world.value("SELECT name FROM agent_config").await, "gpu");
    assert_eq!(world.json("SELECT settings FROM agent_config").await, json!({"a": 2}));
    world.id("register_agent", json!({"type": "LocalAgent", "agent_config_id": id})).await;
    let wrong = json!({"agent_config_id": id, "settings": [1]});
    assert_eq!(world.refused("update_agent_config", "success", wrong).await.code, "INVALID_INPUT");
    world.become_key(Role::Agent);
    assert_eq!(world.refused("update_agent_config", "success", input.clone()).await.code, "FORBIDDEN");
    assert_eq!(world.refused("create_agent_config", "id", json!({"name": "x"})).await.code, "FORBIDDEN");
    world.become_stranger().await;
    assert_eq!(world.refused("update_agent_config", "success", input).await.code, "NOT_FOUND");
    assert!(!world.success("delete_agent_config", json!({"agent_config_id": id})).await);
    world.become_local();
    assert!(world.success("delete_agent_config", json!({"agent_config_id": id})).await);
    assert!(!world.success("delete_agent_config", json!({"agent_config_id": id})).await);
    assert_eq!(world.value("SELECT count(*) FROM agent WHERE agent_config_id IS NULL").await, "1");
}

#[tokio::test]
async fn shared_values() {
    let mut world = World::new().await;
    world.become_key(Role::Agent);
    let input = |value: Value| json!({"key": "k", "value": value});
    let id = world.twice("set_key_value", "id", input(json!({"a": [1, null]}))).await["id"].clone();
    assert_eq!(id, world.twice("set_key_value", "id", input(json!("text"))).await["id"]);
    assert_eq!(world.value("SELECT key FROM key_value").await, "k");
    assert_eq!(world.json("SELECT value FROM key_value").await, json!("text"));
    let large = input(json!("x".repeat(1_000_000)));
    assert_eq!(world.refused("set_key_value", "id", large).await.code, "INVALID_INPUT");
    assert_eq!(
        world.refused("set_key_value", "id", json!({"key": "", "value": 1})).await.code,
        "INVALID_INPUT"
    );
    world.become_key(Role::Viewer);
    assert_eq!(world.refused("set_key_value", "id", input(json!(1))).await.code, "FORBIDDEN");
    world.become_stranger().await;
    assert_ne!(id, world.id("set_key_value", input(json!(1))).await);
    assert!(!world.success("delete_key_value", json!({"key_value_id": id})).await);
    world.become_local();
    assert!(world.success("delete_key_value", json!({"key_value_id": id})).await);
    assert!(!world.success("delete_key_value", json!({"key_value_id": id})).await);
}

#[tokio::test]
async fn what_the_api_says_of_itself() {
    let mut world = World::new().await;
    let tenant = world.tenant();
    let answer = world
        .query("{ hello auth_info { tenant_id user_id } api { backend mode version core_version release_timestamp } reference_data { state_hierarchy state_info } }")
        .await;
    assert_eq!(answer["auth_info"], json!({"tenant_id": tenant, "user_id": null}));
    assert_eq!(answer["api"]["core_version"], "1.4.1");
    assert!(answer["reference_data"]["state_hierarchy"]["Finished"]["Failed"]["TimedOut"].is_object());
    assert_eq!(answer["reference_data"]["state_info"]["Cached"]["parent"], "Success");
    world.become_stranger().await;
    assert_ne!(world.query("{ auth_info { tenant_id } }").await["auth_info"]["tenant_id"], json!(tenant));
}

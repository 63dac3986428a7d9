//! Flow runs and task runs, besides their states: names, labels, artifacts, deletion, archiving.

use crate::world::{World, flow};
use serde_json::{Value, json};
use signalbox_core::access::Role;

/// A flow run that waits for a time far ahead, and one of its task runs.
async fn runs(world: &World) -> (String, String, String) {
    let flow = world.flow().await;
    let input = json!({"flow_id": flow, "scheduled_start_time": "2035-01-01T00:00:00Z", "labels": ["old"]});
    let run = world.id("create_flow_run", input).await;
    let hex = world.sql("SELECT hex(id) FROM task_run ORDER BY id").await.remove(0);
    (flow, run, uuid::Uuid::parse_str(&hex).unwrap().to_string())
}

#[tokio::test]
async fn names_and_labels() {
    let mut world = World::new().await;
    let (_, run, task_run) = runs(&world).await;
    world.twice("set_flow_run_name", "success", json!({"flow_run_id": run, "name": "named"})).await;
    world.twice("set_task_run_name", "success", json!({"task_run_id": task_run, "name": "named"})).await;
    world.twice("set_flow_run_labels", "id", json!({"flow_run_id": run, "labels": ["b", "a"]})).await;
    assert_eq!(world.value("SELECT name || labels_key FROM flow_run").await, r#"named["a","b"]"#);
    assert_eq!(world.json("SELECT labels FROM flow_run").await, json!(["a", "b"]));
    assert_eq!(world.value("SELECT count(*) FROM task_run WHERE name = 'named'").await, "1");

    let nobody = "00000000-0000-0000-0000-000000000001";
    for (name, selection, field, rest) in [
        ("set_flow_run_name", "success", "flow_run_id", json!({"name": "x"})),
        ("set_flow_run_labels", "id", "flow_run_id", json!({"labels": ["x"]})),
        ("set_task_run_name", "success", "task_run_id", json!({"name": "x"})),
    ] {
        let own = if field == "task_run_id" { &task_run } else { &run };
        let input = |id: &str| {
            let mut input = rest.clone();
            input[field] = Value::from(id);
            input
        };
        let missing = world.refused(name, selection, input(nobody)).await;
        assert!(missing.code == "NOT_FOUND" && missing.message.contains("not found"), "{missing:?}");
        world.become_stranger().await;
        let theirs = world.refused(name, selection, input(own)).await;
        assert_eq!(theirs.message.replace(own, ""), missing.message.replace(nobody, ""), "{name}");
        world.become_local();
        world.become_key(Role::Viewer);
        assert_eq!(world.refused(name, selection, input(own)).await.code, "FORBIDDEN");
        world.become_local();
    }
    world.become_key(Role::Agent);
    world.success("set_flow_run_name", json!({"flow_run_id": run, "name": "by the run itself"})).await;
    let input = json!({"flow_run_id": run, "labels": ["x"]});
    assert_eq!(world.refused("set_flow_run_labels", "id", input).await.code, "FORBIDDEN");
    world.become_local();
    let input = json!({"flow_run_id": run, "labels": [""]});
    assert_eq!(world.refused("set_flow_run_labels", "id", input).await.code, "INVALID_INPUT");
}

#[tokio::test]
async fn artifacts() {
    let mut world = World::new().await;
    let (_, _, task_run) = runs(&world).await;
    let input =
        json!({"task_run_id": task_run, "kind": "markdown", "data": {"markdown": "# x"}, "tenant_id": null});
    world.become_key(Role::Agent);
    let id = world.twice("create_task_run_artifact", "id", input.clone()).await["id"].clone();
    let mut other = input.clone();
    other["data"]["markdown"] = json!("# y");
    assert_ne!(id, world.id("create_task_run_artifact", other).await);
    world.wait(21);
    assert_ne!(id, world.id("create_task_run_artifact", input.clone()).await, "somebody wants another");
    let update = json!({"task_run_artifact_id": id, "data": {"markdown": "# z"}});
    world.twice("update_task_run_artifact", "success", update.clone()).await;

    let mut nowhere = input.clone();
    nowhere["task_run_id"] = json!("00000000-0000-0000-0000-000000000001");
    let refusal = world.refused("create_task_run_artifact", "id", nowhere).await;
    assert!(refusal.code == "NOT_FOUND" && refusal.message.contains("not found"), "{refusal:?}");
    let mut large = input.clone();
    large["data"] = json!({"markdown": "x".repeat(1_000_000)});
    assert_eq!(world.refused("create_task_run_artifact", "id", large).await.code, "INVALID_INPUT");

    let delete = json!({"task_run_artifact_id": id});
    world.become_stranger().await;
    assert_eq!(world.refused("create_task_run_artifact", "id", input.clone()).await.code, "NOT_FOUND");
    assert_eq!(world.refused("update_task_run_artifact", "success", update.clone()).await.code, "NOT_FOUND");
    assert!(!world.success("delete_task_run_artifact", delete.clone()).await);
    world.become_local();
    world.become_key(Role::Viewer);
    assert_eq!(world.refused("create_task_run_artifact", "id", input).await.code, "FORBIDDEN");
    assert_eq!(world.refused("update_task_run_artifact", "success", update).await.code, "FORBIDDEN");
    assert_eq!(world.refused("delete_task_run_artifact", "success", delete.clone()).await.code, "FORBIDDEN");
    world.become_key(Role::Agent);
    assert!(world.success("delete_task_run_artifact", delete.clone()).await);
    assert!(!world.success("delete_task_run_artifact", delete).await);
    assert_eq!(world.value("SELECT count(*) FROM task_run_artifact").await, "2");
}

#[tokio::test]
async fn deleting_a_run() {
    let mut world = World::new().await;
    let (_, run, _) = runs(&world).await;
    let input = json!({"flow_run_id": run});
    world.become_stranger().await;
    assert!(!world.success("delete_flow_run", input.clone()).await);
    world.become_local();
    world.become_key(Role::Agent);
    assert_eq!(world.refused("delete_flow_run", "success", input.clone()).await.code, "FORBIDDEN");
    world.become_key(Role::Operator);
    assert!(world.success("delete_flow_run", input.clone()).await);
    assert!(!world.success("delete_flow_run", input).await);
    for table in ["flow_run", "task_run", "flow_run_state", "task_run_state"] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM {table}")).await, "0", "{table}");
    }
}

#[tokio::test]
async fn archiving_ends_what_was_planned_and_nothing_else() {
    let world = World::new().await;
    let (id, _, _) = runs(&world).await;
    let running = world.id("create_flow_run", json!({"flow_id": id})).await;
    let states = json!({"states": [{"flow_run_id": running, "state": {"type": "Running"}, "version": null}]});
    world.mutate("set_flow_run_states", "states { status }", states).await;
    world.twice("archive_flow", "success", json!({"flow_id": id})).await;
    let rows = "SELECT state || ' ' || version || coalesce(' ' || state_message, '') FROM flow_run ORDER BY created, id";
    assert_eq!(world.sql(rows).await, [format!("Cancelled 2 Flow {id} was archived."), "Running 2".into()]);
    let tasks = "SELECT t.state FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id ORDER BY r.created, r.id, t.id";
    assert_eq!(world.sql(tasks).await, ["Cancelled", "Cancelled", "Pending", "Pending"]);
    assert_eq!(world.value("SELECT count(*) FROM flow_run_state WHERE state = 'Cancelled'").await, "1");
}

#[tokio::test]
async fn a_new_version_ends_what_was_planned_for_the_old_one() {
    let world = World::new().await;
    let project = world.project().await;
    let register =
        || world.id("create_flow", json!({"project_id": project, "serialized_flow": flow("demo")}));
    let first = register().await;
    world.id("create_flow_run", json!({"flow_id": first})).await;
    // A run says that the sender has its answer, so this is no repeated delivery.
    assert_ne!(first, register().await);
    assert_eq!(world.value("SELECT state FROM flow_run").await, "Cancelled");
    let refusal = world.refused("create_flow_run", "id", json!({"flow_id": first})).await;
    assert!(refusal.message.contains("archived"), "{refusal:?}");
}

#[tokio::test]
async fn mapped_children_are_summed_up() {
    let mut world = World::new().await;
    let (_, run, parent) = runs(&world).await;
    let hex = world
        .value(&format!(
            "SELECT hex(task_id) FROM task_run WHERE hex(id) = upper('{}')",
            parent.replace('-', "")
        ))
        .await;
    let task = uuid::Uuid::parse_str(&hex).unwrap();
    let states = json!({"states": [{"flow_run_id": run, "state": {"type": "Running"}, "version": null}]});
    world.mutate("set_flow_run_states", "states { status }", states).await;
    for index in 0..3 {
        let input = json!({"flow_run_id": run, "task_id": task, "map_index": index});
        let child = world.id("get_or_create_task_run", input).await;
        for state in if index < 2 { &["Running", "Success"][..] } else { &["Running"] } {
            let states =
                json!({"states": [{"task_run_id": child, "state": {"type": state}, "version": null}]});
            world.wait(1);
            world.mutate("set_task_run_states", "states { status }", states).await;
        }
    }
    let query = format!(
        r#"{{ mapped_children(task_run_id: "{parent}") {{ min_start_time max_end_time state_counts }} }}"#
    );
    let children = world.query(&query).await["mapped_children"].take();
    assert_eq!(children["state_counts"], json!({"Running": 1, "Success": 2}));
    assert!(children["min_start_time"].as_str() < children["max_end_time"].as_str(), "{children}");
    world.become_stranger().await;
    assert_eq!(world.query(&query).await["mapped_children"]["state_counts"], json!({}));
}

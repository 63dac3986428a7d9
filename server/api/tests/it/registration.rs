//! Registration of flows.

use crate::world::{World, bare_flow, edge, flow, hourly, task};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use signalbox_core::access::Role;
use std::io::Write;

/// Slugs of the tasks that a flag marks, in order.
async fn marked(world: &World, flag: &str) -> Vec<String> {
    world.sql(&format!("SELECT slug FROM task WHERE {flag} ORDER BY slug")).await
}

#[tokio::test]
async fn a_flow_with_its_tasks_inside() {
    let world = World::new().await;
    let project = world.project().await;
    let input = json!({
        "project_id": project, "serialized_flow": flow("demo"), "set_schedule_active": true,
        "version_group_id": null, "description": "what for",
    });
    world.twice("create_flow", "id", input).await;
    assert_eq!(
        world.value("SELECT name || version || core_version || description FROM flow").await,
        "demo11.4.1what for"
    );
    assert_eq!(
        world.value("SELECT count(*) FROM flow WHERE NOT (archived OR is_schedule_active)").await,
        "1"
    );
    let settings =
        json!({"heartbeat_enabled": true, "lazarus_enabled": true, "version_locking_enabled": false});
    assert_eq!(world.json("SELECT settings FROM flow").await, settings);
    assert_eq!(marked(&world, "is_root_task").await, ["a"]);
    assert_eq!(marked(&world, "is_terminal_task").await, ["b"]);
    assert_eq!(marked(&world, "is_reference_task").await, ["b"]);
    assert_eq!(world.value("SELECT key FROM edge").await, "x");
    assert_eq!(world.sql("SELECT retry_delay FROM task").await, ["60", "60"]);
    assert_eq!(
        world.value("SELECT trigger FROM task WHERE slug = 'a'").await,
        "prefect.triggers.all_successful"
    );
}

#[tokio::test]
async fn tasks_and_edges_that_come_later() {
    let world = World::new().await;
    let mut document = bare_flow("demo");
    document["reference_tasks"] = json!([{"slug": "a"}]);
    let id = world.registered(document, json!({})).await;
    assert_eq!(world.value("SELECT serialized_flow -> 'tasks' FROM flow").await, "[]");
    let tasks = |slugs: &[&str]| json!({"flow_id": id, "serialized_tasks": slugs.iter().map(|slug| task(slug)).collect::<Vec<_>>()});
    world.twice("register_tasks", "success", tasks(&["a", "b"])).await;
    assert_eq!(marked(&world, "is_root_task").await, ["a", "b"]);
    world.twice("register_tasks", "success", tasks(&["b", "c"])).await;
    world.twice("register_tasks", "success", tasks(&[])).await;
    let edges = json!({"flow_id": id, "serialized_edges": [edge("a", "b", true), edge("b", "c", false)]});
    world.twice("register_edges", "success", edges).await;
    world.twice("register_edges", "success", json!({"flow_id": id, "serialized_edges": []})).await;
    assert_eq!(marked(&world, "is_root_task").await, ["a"]);
    assert_eq!(marked(&world, "is_terminal_task").await, ["c"]);
    assert_eq!(marked(&world, "mapped").await, ["b"]);
    assert_eq!(marked(&world, "is_reference_task").await, ["a"], "the declared ones");
    let document = world.json("SELECT serialized_flow FROM flow").await;
    let length = |part: &str| document[part].as_array().unwrap().len();
    assert_eq!((length("tasks"), length("edges")), (3, 2));

    for (edges, message) in [
        (json!([edge("a", "z", false)]), "an edge names the task 'z', which the flow does not have"),
        (json!([edge("c", "a", false)]), "the flow has a cycle"),
        (json!([edge("a", "a", false)]), "the flow has a cycle"),
        (json!([{"upstream_task": {}}]), "serialized_edges[0].upstream_task.slug must be text"),
        (json!({"a": 1}), "serialized_edges must be a list of edges"),
    ] {
        let input = json!({"flow_id": id, "serialized_edges": edges});
        let refusal = world.refused("register_edges", "success", input).await;
        assert!(refusal.code == "INVALID_INPUT" && refusal.message.starts_with(message), "{refusal:?}");
    }
    for tasks in [json!([task("d"), task("d")]), json!([{}]), json!("a"), json!([1])] {
        let input = json!({"flow_id": id, "serialized_tasks": tasks});
        assert_eq!(world.refused("register_tasks", "success", input).await.code, "INVALID_INPUT");
    }
    assert_eq!(world.value("SELECT count(*) FROM edge").await, "2", "what was refused left nothing");
    assert_eq!(world.value("SELECT count(*) FROM task").await, "3");
}

#[tokio::test]
async fn a_thousand_tasks_in_batches() {
    let world = World::new().await;
    let id = world.registered(bare_flow("wide"), json!({})).await;
    for batch in 0..2 {
        let tasks: Vec<Value> = (0..500).map(|n| task(&format!("t{}", batch * 500 + n))).collect();
        world.success("register_tasks", json!({"flow_id": id, "serialized_tasks": tasks})).await;
    }
    world.success("register_tasks", json!({"flow_id": id, "serialized_tasks": []})).await;
    let chain: Vec<Value> = (1..=500).map(|n| edge("t0", &format!("t{n}"), true)).collect();
    world.success("register_edges", json!({"flow_id": id, "serialized_edges": chain})).await;
    assert_eq!(world.value("SELECT count(*) FROM task").await, "1000");
    assert_eq!(world.value("SELECT count(*) FROM task WHERE mapped AND NOT is_root_task").await, "500");
}

#[tokio::test]
async fn versions_follow_each_other_in_their_group() {
    let world = World::new().await;
    let project = world.project().await;
    let register = async |name: &str, options: Value| {
        world.wait(60);
        let mut input = json!({"project_id": project, "serialized_flow": flow(name)});
        for (key, value) in options.as_object().unwrap() {
            input[key] = value.clone();
        }
        world.id("create_flow", input).await
    };
    register("one", json!({})).await;
    register("one", json!({})).await;
    register("two", json!({})).await;
    register("one", json!({"version_group_id": "named"})).await;
    register("two", json!({"version_group_id": "named"})).await;
    // Without a version group, that of the last flow of this name.
    register("one", json!({})).await;
    let versions = "SELECT name || ' ' || version || CASE WHEN archived THEN ' archived' ELSE '' END FROM flow ORDER BY created";
    assert_eq!(
        world.sql(versions).await,
        ["one 1 archived", "one 2", "two 1", "one 1 archived", "two 2 archived", "one 3"]
    );
    assert_eq!(world.value("SELECT count(*) FROM flow WHERE version_group_id = 'named'").await, "3");
    assert_eq!(world.value("SELECT count(*) FROM flow_group").await, "3");
}

#[tokio::test]
async fn the_key_of_the_last_registration_yields_its_version() {
    let world = World::new().await;
    let project = world.project().await;
    let register = async |key: &str| {
        world.wait(60);
        let input = json!({"project_id": project, "serialized_flow": flow("demo"), "idempotency_key": key});
        world.twice("create_flow", "id", input).await["id"].as_str().unwrap().to_owned()
    };
    let first = register("k1").await;
    assert_eq!(first, register("k1").await);
    let second = register("k2").await;
    assert_ne!(first, second);
    assert_ne!(first, register("k1").await, "only the last key counts");
    let third = register("k1").await;
    world.success("archive_flow", json!({"flow_id": third})).await;
    assert_ne!(third, register("k1").await, "nothing is left of that key that could run");
    // A registration without a key forgets it: the version that it named is not the present one any more.
    world.id("create_flow", json!({"project_id": project, "serialized_flow": flow("demo")})).await;
    register("k1").await;
    assert_eq!(world.value("SELECT max(version) FROM flow").await, "6");
}

#[tokio::test]
async fn without_a_key_only_a_repeated_delivery_yields_the_same_version() {
    let world = World::new().await;
    let project = world.project().await;
    let bare = json!({"project_id": project, "serialized_flow": bare_flow("bare")});
    let first = world.twice("create_flow", "id", bare.clone()).await["id"].clone();
    // `flow.register` goes on with the tasks, so its sender has the answer: the same again is a second registration.
    world.success("register_tasks", json!({"flow_id": first, "serialized_tasks": []})).await;
    assert_ne!(first, world.id("create_flow", bare).await);

    let full = json!({"project_id": project, "serialized_flow": flow("full")});
    let first = world.twice("create_flow", "id", full.clone()).await["id"].clone();
    world.wait(20);
    assert_ne!(first, world.id("create_flow", full.clone()).await, "nobody sends again that late");
    let mut changed = full.clone();
    changed["serialized_flow"]["run_config"]["labels"] = json!(["x"]);
    world.id("create_flow", changed).await;
    world.id("create_flow", full).await;
    assert_eq!(world.value("SELECT max(version) FROM flow WHERE name = 'full'").await, "4");

    // Planned runs say nothing of the sender; runs that somebody made do.
    let mut clockwork = flow("clockwork");
    clockwork["schedule"] = hourly(&json!({}));
    let clockwork = json!({"project_id": project, "serialized_flow": clockwork, "set_schedule_active": true});
    let first = world.twice("create_flow", "id", clockwork.clone()).await["id"].clone();
    assert_eq!(world.value("SELECT count(*) FROM flow_run").await, "10");
    world.id("create_flow_run", json!({"flow_id": first})).await;
    assert_ne!(first, world.id("create_flow", clockwork).await);
    assert_eq!(
        world.value("SELECT count(*) FROM flow_run WHERE auto_scheduled").await,
        "10",
        "of the new version"
    );
}

#[tokio::test]
async fn compressed_flows() {
    let world = World::new().await;
    let project = world.project().await;
    let pack = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        STANDARD.encode(gzip.finish().unwrap())
    };
    let mutation = "create_flow_from_compressed_string";
    let input =
        |packed: String| json!({"project_id": project, "serialized_flow": packed, "version_group_id": null});
    world.twice(mutation, "id", input(pack(flow("demo").to_string().as_bytes()))).await;
    assert_eq!(world.value("SELECT count(*) FROM task").await, "2");
    let bomb = pack(&vec![b' '; 65 * 1024 * 1024]);
    let truncated = pack(flow("demo").to_string().as_bytes())[..40].to_owned();
    for packed in ["nonsense!".to_owned(), STANDARD.encode("plain"), truncated, bomb, pack(b"[1,")] {
        let refusal = world.refused(mutation, "id", input(packed)).await;
        assert_eq!(refusal.code, "INVALID_INPUT");
        assert!(refusal.message.starts_with("Unable to decompress serialized flow"), "{refusal:?}");
    }
    assert_eq!(world.refused(mutation, "id", input(pack(b"[]"))).await.code, "INVALID_INPUT");
}

#[tokio::test]
async fn wrong_flows_leave_nothing() {
    let world = World::new().await;
    let project = world.project().await;
    let before = world.tables().await;
    let with = |key: &str, value: Value| {
        let mut flow = flow("demo");
        flow[key] = value;
        flow
    };
    for document in [
        json!([]),
        json!({"name": ""}),
        json!({"name": "x".repeat(1001)}),
        with("tasks", json!([task("a"), task("a")])),
        with("edges", json!([edge("a", "b", false), edge("b", "a", false)])),
        with("edges", json!([edge("a", "z", false)])),
        with("tasks", json!([])),
        with("storage", json!("here")),
    ] {
        let input = json!({"project_id": project, "serialized_flow": document});
        assert_eq!(world.refused("create_flow", "id", input.clone()).await.code, "INVALID_INPUT", "{input}");
    }
    let nowhere = json!({"project_id": "00000000-0000-0000-0000-000000000001", "serialized_flow": flow("x")});
    let refusal = world.refused("create_flow", "id", nowhere).await;
    assert!(refusal.code == "NOT_FOUND" && refusal.message.starts_with("Invalid project"), "{refusal:?}");
    assert_eq!(before, world.tables().await);
}

#[tokio::test]
async fn a_schedule_must_have_values_for_required_parameters() {
    let world = World::new().await;
    let scheduled = |defaults: Value| {
        let mut flow = flow("clockwork");
        flow["schedule"] = hourly(&defaults);
        flow["parameters"] = json!([{"name": "must", "slug": "must", "default": null, "required": true}]);
        flow
    };
    let project = world.project().await;
    let input = json!({"project_id": project, "serialized_flow": scheduled(json!({}))});
    let refusal = world.refused("create_flow", "id", input).await;
    assert!(refusal.code == "INVALID_INPUT" && refusal.message.contains("must"), "{refusal:?}");
    let off = world.registered(scheduled(json!({})), json!({"set_schedule_active": false})).await;
    let refusal = world.refused("set_schedule_active", "success", json!({"flow_id": off})).await;
    assert!(refusal.code == "INVALID_INPUT" && refusal.message.contains("must"), "{refusal:?}");
    world.registered(scheduled(json!({"must": 1})), json!({})).await;
    assert_eq!(world.sql("SELECT is_schedule_active FROM flow ORDER BY id").await, ["0", "1"]);
}

#[tokio::test]
async fn strangers_and_lesser_keys_are_refused() {
    let mut world = World::new().await;
    let project = world.project().await;
    let id = world.registered(bare_flow("demo"), json!({})).await;
    let before = world.tables().await;
    let calls = [
        ("create_flow", "id", json!({"project_id": project, "serialized_flow": flow("x")})),
        ("register_tasks", "success", json!({"flow_id": id, "serialized_tasks": [task("z")]})),
        ("register_edges", "success", json!({"flow_id": id, "serialized_edges": []})),
    ];
    for role in [Role::Viewer, Role::Agent] {
        world.become_key(role);
        for (name, selection, input) in &calls {
            assert_eq!(world.refused(name, selection, input.clone()).await.code, "FORBIDDEN", "{name}");
        }
    }
    world.become_stranger().await;
    for (name, selection, input) in &calls {
        assert_eq!(world.refused(name, selection, input.clone()).await.code, "NOT_FOUND", "{name}");
    }
    let mut after = world.tables().await;
    after.insert("tenant".into(), before["tenant"].clone());
    assert_eq!(before, after);
}

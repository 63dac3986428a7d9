//! States, runs, labels and logs that make no sense.

use serde_json::{Value, json};
use signalbox_tests::dump::Dump;
use signalbox_tests::flow::{state, submitted};

use super::{Siege, assert_no_server_error, brief};

const UNKNOWN: &str = "00000000-0000-4000-8000-00000000dead";

fn senseless_states() -> Vec<Value> {
    let with = |field: &str, value: Value| {
        let mut state = state("Scheduled", "x");
        state[field] = value;
        state
    };
    vec![
        json!({}),
        json!(null),
        json!([]),
        json!("Running"),
        json!(7),
        with("type", Value::Null),
        with("type", json!(7)),
        with("type", json!("")),
        with("type", json!("AwaitingRetry")),
        with("type", json!("running")),
        with("type", json!("Running\u{0}")),
        with("type", json!("x".repeat(100_000))),
        with("start_time", json!("tomorrow")),
        with("start_time", json!(7)),
        with("message", json!({"a": 1})),
        with("message", json!("m".repeat(1_100_000))),
        with("context", json!({"blob": "x".repeat(1_100_000)})),
    ]
}

#[tokio::test]
async fn senseless_states_are_refused() {
    let siege = Siege::begin().await;
    let flow_run = siege.before.ids("flow_run").next().expect("the siege has a run").to_owned();
    let task_run = siege.before.ids("task_run").next().expect("the siege has a task run").to_owned();
    for state in senseless_states() {
        let flow_state = json!({"states": [{"flow_run_id": flow_run, "version": null, "state": state}]});
        let task_state = json!({"states": [{"task_run_id": task_run, "version": null, "state": state}]});
        for (mutation, input) in [("set_flow_run_states", flow_state), ("set_task_run_states", task_state)] {
            let reply = siege.scene.client.try_mutate(mutation, input, "states { id status message }").await;
            assert!(reply.code().is_some(), "{mutation} took {}: {}", brief(&state.to_string()), reply.body);
            reply.assert_refused();
            assert!(reply.message().len() < 2_000, "the message repeats the input");
        }
    }
    siege.assert_unharmed("a senseless state").await;
}

#[tokio::test]
async fn states_of_nobody_are_refused() {
    let siege = Siege::begin().await;
    let running = state("Running", "Running flow.");
    let selection = "states { id status message }";
    for version in [json!(null), json!(1), json!(-1), json!(2_147_483_647)] {
        let input = json!({"states": [{"flow_run_id": UNKNOWN, "version": version, "state": running}]});
        let reply = siege.refused("set_flow_run_states", input, selection).await;
        assert!(reply.message().contains("State update failed"), "{}", reply.message());
        let input = json!({"states": [{"task_run_id": UNKNOWN, "version": version, "state": running}]});
        let reply = siege.refused("set_task_run_states", input, selection).await;
        assert!(reply.message().contains("State update failed"), "{}", reply.message());
    }
    for (id, version) in [
        ("not-an-id", json!(null)),
        ("", json!(null)),
        (UNKNOWN, json!("one")),
        (UNKNOWN, json!(99_999_999_999_i64)),
    ] {
        let input = json!({"states": [{"flow_run_id": id, "version": version, "state": running}]});
        siege.refused("set_flow_run_states", input, selection).await;
    }
    siege.assert_unharmed("a state of nobody").await;
}

/// Each state of a list is a change of its own, as it was in Prefect's server: the answer is an error, and sending the
/// whole list again changes nothing more.
#[tokio::test]
async fn one_senseless_state_in_a_list_is_reported() {
    let siege = Siege::begin().await;
    let flow_run = siege.before.ids("flow_run").next().expect("the siege has a run");
    let good = json!({"flow_run_id": flow_run, "version": null, "state": state("Success", "Arrived.")});
    let bad = json!({"flow_run_id": UNKNOWN, "version": null, "state": state("Success", "Arrived.")});
    let list = json!({"states": [good, bad]});
    siege.refused("set_flow_run_states", list.clone(), "states { id }").await;
    let after = Dump::of(&siege.scene.client, &siege.schema).await;
    siege.refused("set_flow_run_states", list, "states { id }").await;
    Dump::of(&siege.scene.client, &siege.schema).await.assert_same_as(&after, "the same list again");
    let many: Vec<Value> = (0..10_000).map(|_| good.clone()).collect();
    let reply =
        siege.scene.client.try_mutate("set_flow_run_states", json!({"states": many}), "states { id }").await;
    assert_no_server_error(&reply, "ten thousand states");
}

#[tokio::test]
async fn agents_that_nobody_registered_get_nothing() {
    let siege = Siege::begin().await;
    let run = siege.scene.flow_run().await;
    let before = Dump::of(&siege.scene.client, &siege.schema).await;
    let input = json!({"agent_id": UNKNOWN, "labels": [], "slots": 5, "wait_ms": 0, "held": []});
    siege.refused("claim_flow_runs", input, "runs { flow_run_id }").await.assert_code("NOT_FOUND");
    Dump::of(&siege.scene.client, &siege.schema).await.assert_same_as(&before, "an unknown agent's claim");
    let stranger = siege.scene.client.with_header(format!("X-PREFECT-AGENT-ID: {UNKNOWN}"));
    let input =
        json!({"before": "2099-01-01T00:00:00+00:00", "labels": [], "tenant_id": siege.scene.tenant_id});
    let queue = stranger.try_mutate("get_runs_in_queue", input, "flow_run_ids").await;
    assert_no_server_error(&queue, "an unknown agent's poll");
    let input = json!({"states": [{"flow_run_id": run, "version": 1, "state": submitted()}]});
    let submitted = stranger.try_mutate("set_flow_run_states", input, "states { status }").await;
    assert_no_server_error(&submitted, "an unknown agent's Submitted");
}

#[tokio::test]
async fn mutations_on_things_that_do_not_exist_say_so() {
    let siege = Siege::begin().await;
    let calls = [
        ("create_flow_run", json!({"flow_id": UNKNOWN}), "id"),
        ("create_flow_run", json!({"version_group_id": "no such group"}), "id"),
        ("cancel_flow_run", json!({"flow_run_id": UNKNOWN}), "state"),
        ("delete_flow_run", json!({"flow_run_id": UNKNOWN}), "success"),
        ("set_flow_run_name", json!({"flow_run_id": UNKNOWN, "name": "x"}), "success"),
        ("set_flow_run_labels", json!({"flow_run_id": UNKNOWN, "labels": []}), "id"),
        ("set_task_run_name", json!({"task_run_id": UNKNOWN, "name": "x"}), "success"),
        ("archive_flow", json!({"flow_id": UNKNOWN}), "success"),
        ("delete_flow", json!({"flow_id": UNKNOWN}), "success"),
        ("set_schedule_active", json!({"flow_id": UNKNOWN}), "success"),
        ("delete_project", json!({"project_id": UNKNOWN}), "success"),
        ("create_project", json!({"name": "x", "tenant_id": UNKNOWN}), "id"),
        (
            "get_or_create_task_run_info",
            json!({"flow_run_id": UNKNOWN, "task_id": UNKNOWN, "map_index": -1}),
            "id",
        ),
        (
            "create_task_run_artifact",
            json!({"task_run_id": UNKNOWN, "kind": "link", "data": {"link": "x"}}),
            "id",
        ),
    ];
    for (mutation, input, selection) in calls {
        let reply = siege.scene.client.try_mutate(mutation, input.clone(), selection).await;
        // "success: false" is the wire's other way to say that there was nothing to do.
        if reply.code().is_none() && selection == "success" {
            assert_eq!(reply.clone().data()[mutation]["success"], false, "{mutation} {input}");
            continue;
        }
        assert!(reply.code().is_some(), "{mutation} {input} was answered {}", reply.body);
        reply.assert_code("NOT_FOUND");
        assert!(reply.message().to_lowercase().contains("not found"), "{mutation}: {}", reply.message());
    }
    siege.assert_unharmed("a call about nothing").await;
}

#[tokio::test]
async fn absurd_runs_are_refused() {
    let siege = Siege::begin().await;
    let labels: Vec<String> = (0..10_000).map(|number| format!("label-{number}")).collect();
    let inputs = [
        json!({"labels": labels}),
        json!({"labels": ["l".repeat(1_000_000)]}),
        json!({"labels": [7]}),
        json!({"scheduled_start_time": "never"}),
        json!({"scheduled_start_time": 7}),
        json!({"scheduled_start_time": "99999-01-01T00:00:00+00:00"}),
        json!({"flow_run_name": "n".repeat(1_000_000)}),
        json!({"idempotency_key": "k".repeat(1_000_000)}),
        json!({"parameters": [1]}),
        json!({"parameters": "text"}),
        json!({"run_config": 7}),
    ];
    for mut input in inputs {
        input["flow_id"] = json!(siege.scene.flow_id);
        let reply = siege.scene.client.try_mutate("create_flow_run", input.clone(), "id").await;
        assert!(reply.code().is_some(), "{} was accepted", brief(&input.to_string()));
        reply.assert_refused();
    }
    for map_index in [json!(-2), json!(i64::MAX), json!("x"), json!(1.5)] {
        let run = siege.before.ids("flow_run").next();
        let input = json!({"flow_run_id": run, "task_id": siege.scene.task_ids[0], "map_index": map_index});
        siege.refused("get_or_create_task_run_info", input, "id").await;
    }
    siege.assert_unharmed("an absurd run").await;
}

/// One bad line must not lose the lines around it, and a line about nobody is dropped without complaint: the stock
/// client would otherwise send the batch for ever.
#[tokio::test]
async fn one_bad_log_line_does_not_lose_the_others() {
    let siege = Siege::begin().await;
    let run = siege.scene.flow_run().await;
    let lines = json!({"logs": [
        {"flow_run_id": run, "message": "first", "level": "Level 25", "timestamp": "2026-01-01T00:00:01+00:00"},
        {"flow_run_id": UNKNOWN, "message": "about nobody"},
        {"flow_run_id": run, "message": null, "level": null, "name": null, "info": null},
        {"flow_run_id": run, "task_run_id": UNKNOWN, "message": "about no task"},
        {"flow_run_id": run, "message": "x".repeat(1_500_000)},
        {"flow_run_id": run, "message": "last", "timestamp": "2026-01-01T00:00:02+00:00"},
    ]});
    let answer = siege.scene.client.mutate("write_run_logs", lines, "success").await;
    assert_eq!(answer["success"], true);
    let document = format!(
        "{{ log(where: {{flow_run_id: {{_eq: \"{run}\"}}}}, order_by: {{timestamp: asc}}) {{ message }} }}"
    );
    let stored = siege.scene.client.query(&document).await.to_string();
    assert!(stored.contains("first") && stored.contains("last"), "{}", brief(&stored));
    assert!(!stored.contains("about nobody"));
}

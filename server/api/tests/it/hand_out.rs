//! Runs are shown to one who asks, and taken by one.

use crate::world::World;
use serde_json::{Value, json};

async fn agent(world: &World, name: &str) -> String {
    world.id("register_agent", json!({"type": "LocalAgent", "name": name, "labels": []})).await
}

/// What `get_runs_in_queue` answers to this agent, which asks ahead as stock agents do. Each question has a moment of
/// its own by which it is known.
async fn shown(world: &mut World, agent: &str, moment: &str) -> Vec<String> {
    world.become_agent(Some(agent));
    let input = json!({"before": moment, "labels": []});
    let answer = world.mutate("get_runs_in_queue", "flow_run_ids", input).await;
    let ids = answer["flow_run_ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

async fn submit(world: &mut World, agent: &str, run: &str) -> Result<Value, String> {
    world.become_agent(Some(agent));
    let state =
        json!({"type": "Submitted", "message": "Submitted for execution", "state": {"type": "Scheduled"}});
    let input = json!({"states": [{"flow_run_id": run, "version": 1, "state": state}]});
    let answer = world.try_mutate("set_flow_run_states", "states { status }", input).await;
    answer.map_err(|refusal| refusal.message)
}

const FIRST: &str = "2035-01-01T00:00:00.000001Z";
const SECOND: &str = "2035-01-01T00:00:00.000002Z";

#[tokio::test]
async fn a_run_is_kept_for_the_agent_it_was_shown_to() {
    let mut world = World::new().await;
    let flow = world.flow().await;
    let run = world.id("create_flow_run", json!({"flow_id": flow})).await;
    let (one, other) = (agent(&world, "one").await, agent(&world, "other").await);
    assert_eq!(shown(&mut world, &one, FIRST).await, [run.as_str()]);
    assert_eq!(shown(&mut world, &other, FIRST).await, Vec::<String>::new(), "kept for the first");
    world.wait(1);
    assert_eq!(shown(&mut world, &one, FIRST).await, [run.as_str()], "the same question, sent again");
    assert_eq!(
        shown(&mut world, &one, SECOND).await,
        Vec::<String>::new(),
        "another question may be another process of the same name"
    );
    world.become_agent(None);
    let claim = json!({"agent_id": other, "labels": [], "slots": 1, "wait_ms": 0, "held": []});
    let claimed = world.mutate("claim_flow_runs", "runs { flow_run_id }", claim.clone()).await;
    assert_eq!(claimed["runs"], json!([]), "nor is it given to an agent of ours");
    world.wait(30);
    assert_eq!(shown(&mut world, &other, SECOND).await, [run.as_str()], "the first did not take it");
    assert!(submit(&mut world, &other, &run).await.is_ok());
    world.wait(100);
    assert_eq!(shown(&mut world, &one, SECOND).await, Vec::<String>::new(), "it was taken");
}

#[tokio::test]
async fn a_question_far_ahead_keeps_nothing_for_long() {
    let mut world = World::new().await;
    let flow = world.flow().await;
    let run = world.id("create_flow_run", json!({"flow_id": flow})).await;
    let (one, other) = (agent(&world, "one").await, agent(&world, "other").await);
    assert_eq!(shown(&mut world, &one, "2099-01-01T00:00:00Z").await, [run.as_str()]);
    world.wait(26);
    assert_eq!(shown(&mut world, &other, FIRST).await, [run]);
}

#[tokio::test]
async fn of_two_processes_of_one_name_one_starts_the_run() {
    let mut world = World::new().await;
    let flow = world.flow().await;
    let twin = agent(&world, "twin").await;
    assert_eq!(twin, agent(&world, "twin").await, "the server cannot tell them apart");
    let run = world.id("create_flow_run", json!({"flow_id": flow})).await;
    // One was shown the run and hung; the other was shown it after a while.
    assert_eq!(shown(&mut world, &twin, FIRST).await.len(), 1);
    world.wait(30);
    assert_eq!(shown(&mut world, &twin, SECOND).await.len(), 1);
    assert!(submit(&mut world, &twin, &run).await.is_ok());
    let refused = submit(&mut world, &twin, &run).await.unwrap_err();
    assert!(refused.starts_with("State update failed"), "{refused}");

    // Shown once, the same state again can only be a repetition.
    let run = world.id("create_flow_run", json!({"flow_id": flow})).await;
    assert_eq!(shown(&mut world, &twin, FIRST).await, [run.as_str()]);
    assert!(submit(&mut world, &twin, &run).await.is_ok());
    assert!(submit(&mut world, &twin, &run).await.is_ok());
    let other = agent(&world, "other").await;
    assert!(submit(&mut world, &other, &run).await.is_err());
}

/// A run whose only task run under way waits for a retry that is due in `minutes`.
async fn retrying(world: &World, minutes: i64) -> (String, String) {
    let flow = world.flow().await;
    let run = world.id("create_flow_run", json!({"flow_id": flow})).await;
    let set = |state: Value| json!({"states": [{"flow_run_id": run, "version": null, "state": state}]});
    world.mutate("set_flow_run_states", "states { id }", set(json!({"type": "Running"}))).await;
    let rows =
        world.query(&format!("{{ task_run(where: {{flow_run_id: {{_eq: \"{run}\"}}}}) {{ id }} }}")).await;
    let task_run = rows["task_run"][0]["id"].as_str().unwrap().to_owned();
    let due = world.now() + chrono::TimeDelta::minutes(minutes);
    for state in [
        json!({"type": "Running"}),
        json!({"type": "Failed"}),
        json!({"type": "Retrying", "start_time": due.to_rfc3339(), "run_count": 1}),
    ] {
        let input = json!({"states": [{"task_run_id": task_run, "version": null, "state": state}]});
        world.mutate("set_task_run_states", "states { id }", input).await;
    }
    (run, task_run)
}

async fn take_up(world: &mut World, agent: &str, task_run: &str) -> Result<Value, String> {
    world.become_agent(Some(agent));
    let state =
        json!({"type": "Submitted", "message": "Submitted for execution", "state": {"type": "Retrying"}});
    let input = json!({"states": [{"task_run_id": task_run, "version": 4, "state": state}]});
    let answer = world.try_mutate("set_task_run_states", "states { status }", input).await;
    answer.map_err(|refusal| refusal.message)
}

#[tokio::test]
async fn a_retry_is_not_taken_up_beside_a_living_process() {
    let mut world = World::new().await;
    let agent = agent(&world, "one").await;
    let (run, _) = retrying(&world, 5).await;
    let beat = json!({"flow_run_id": run});
    for _ in 0..11 {
        world.wait(30);
        world.success("update_flow_run_heartbeat", beat.clone()).await;
        let moment = world.now().to_rfc3339();
        assert_eq!(shown(&mut world, &agent, &moment).await, Vec::<String>::new(), "its process lives");
    }
    world.wait(61);
    let moment = world.now().to_rfc3339();
    assert_eq!(shown(&mut world, &agent, &moment).await, [run], "it is silent, and the retry is due");
}

#[tokio::test]
async fn without_heartbeats_a_retry_is_taken_up_when_it_was_left_lying() {
    let mut world = World::new().await;
    let agent = agent(&world, "one").await;
    let (run, _) = retrying(&world, 5).await;
    let flow = world.query(&format!("{{ flow_run_by_pk(id: \"{run}\") {{ flow_id }} }}")).await;
    let input = json!({"flow_id": flow["flow_run_by_pk"]["flow_id"]});
    world.success("disable_flow_heartbeat", input).await;
    world.wait(300 + 30);
    let moment = world.now().to_rfc3339();
    assert_eq!(shown(&mut world, &agent, &moment).await, Vec::<String>::new());
    world.wait(31);
    let moment = world.now().to_rfc3339();
    assert_eq!(shown(&mut world, &agent, &moment).await, [run]);
}

#[tokio::test]
async fn of_two_agents_one_takes_up_a_retry() {
    let mut world = World::new().await;
    let (one, other) = (agent(&world, "one").await, agent(&world, "other").await);
    let (run, task_run) = retrying(&world, 20).await;
    world.wait(20 * 60 + 4);
    assert_eq!(shown(&mut world, &one, FIRST).await, [run.as_str()]);
    world.wait(30);
    assert_eq!(shown(&mut world, &other, FIRST).await, [run], "the first hung");
    let refused = take_up(&mut world, &one, &task_run).await.unwrap_err();
    assert!(refused.starts_with("State update failed"), "{refused}");
    assert!(take_up(&mut world, &other, &task_run).await.is_ok());
    let refused = take_up(&mut world, &one, &task_run).await.unwrap_err();
    assert!(refused.starts_with("State update failed"), "{refused}");
}

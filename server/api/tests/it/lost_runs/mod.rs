//! Lost runs are found, their cause is named, and what follows is done once.

mod watch;

use serde_json::{Value, json};
use signalbox_services::background::lost_runs::{LostRuns, Report};
use watch::*;

#[tokio::test]
async fn a_run_whose_agent_is_gone_is_started_again_within_a_minute() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    let held = watch.ours().await;
    let tasks = watch.task_runs(&held.run).await;
    // One task had ended, one was at work and may be retried once.
    watch.set_task(&tasks[0], json!({"type": "Running"})).await;
    watch.set_task(&tasks[0], json!({"type": "Success"})).await;
    watch.set_task(&tasks[1], json!({"type": "Running"})).await;
    assert_eq!(watch.after(45).await, NOTHING, "it has its patience");
    assert_eq!(watch.after(10).await, RESCHEDULED);
    let run = watch.read(&held.run).await;
    assert_eq!((&run["state"], &run["times_resurrected"]), (&json!("Scheduled"), &json!(1)));
    let message = run["state_message"].as_str().unwrap();
    assert!(
        message.starts_with("Lost and rescheduled (attempt 1 of 3): agent 'signalman' was last"),
        "{message}"
    );
    assert_eq!(run["task_runs"][0]["state"], "Success");
    let retried = &run["task_runs"][1];
    assert_eq!(
        (&retried["state"], &retried["serialized_state"]["run_count"]),
        (&json!("Retrying"), &json!(1))
    );
    assert!(retried["state_start_time"].is_string());
    let line = &run["logs"][0];
    assert_eq!((&line["message"], &line["info"]["cause"]), (&json!(message), &json!("agent_gone")));
    let lost = "{ event(where: {kind: {_eq: \"flow_run.lost\"}}) { flow_run_id agent_id payload } }";
    let lost = watch.world.query(lost).await["event"].take();
    assert_eq!(lost.as_array().unwrap().len(), 1, "{lost}");
    assert_eq!((&lost[0]["flow_run_id"], &lost[0]["agent_id"]), (&json!(held.run), &json!(held.agent)));
    let payload = &lost[0]["payload"];
    assert_eq!((&payload["cause"], &payload["remedy"]), (&json!("agent_gone"), &json!("reschedule")));
    // The agent comes back: it is told to let go, and its reports count for nothing.
    assert_eq!(watch.polls(&held).await[0]["action"], "abandon");
    let late = json!({"states": [{"flow_run_id": held.run, "version": null, "state": {"type": "Failed"},
                                  "lease_token": held.token}]});
    assert_eq!(watch.world.refused("set_flow_run_states", "states { id }", late).await.code, "LEASE_LOST");
    assert_eq!(watch.state(&held.run).await, "Scheduled");
}

#[tokio::test]
async fn what_is_lost_again_and_again_fails_in_the_end() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    watch.policy(json!({"policy": "reschedule", "max_reschedules": 1})).await;
    let run = watch.ours().await.run;
    assert_eq!(watch.after(55).await, RESCHEDULED);
    let claim = |agent: &str| json!({"agent_id": agent, "labels": [], "slots": 1, "wait_ms": 0, "held": []});
    let agent = json!({"type": "LocalAgent", "name": "second", "labels": []});
    let agent = watch.world.id("register_agent", agent).await;
    let answer = watch.world.mutate("claim_flow_runs", "runs { flow_run_id }", claim(&agent)).await;
    assert_eq!(answer["runs"][0]["flow_run_id"], json!(run));
    assert_eq!(watch.after(55).await, FAILED);
    let run = watch.read(&run).await;
    assert_eq!(history(&run), ["Scheduled", "Submitted", "Running", "Scheduled", "Submitted", "Failed"]);
    assert!(
        run["state_message"].as_str().unwrap().starts_with("Lost, after it was rescheduled 1 times"),
        "{run}"
    );
}

#[tokio::test]
async fn a_healthy_run_is_never_given_up() {
    let mut watch = Watch::new().await;
    let seen = watch.ours().await;
    let orphan = watch.ours().await;
    let stock = watch.stock().await;
    for _ in 0..60 {
        // Its process says nothing, but its agent sees it.
        watch.polls(&seen).await;
        assert_eq!(watch.after(15).await, NOTHING);
        watch.polls(&seen).await;
        // Its agent is gone, but its process beats; and a stock agent's.
        watch.beats(&orphan.run).await;
        watch.beats(&stock).await;
        assert_eq!(watch.after(15).await, NOTHING);
    }
    for run in [&seen.run, &orphan.run, &stock] {
        assert_eq!(watch.state(run).await, "Running");
    }
    // An agent that was away for long takes its run up again as if nothing had been.
    assert_eq!(watch.polls(&orphan).await, json!([]));
}

#[tokio::test]
async fn after_an_outage_agents_have_time_to_call_again() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    let held = watch.ours().await;
    let stock = watch.stock().await;
    // The server was down for an hour: another process, which remembers nothing.
    watch.world.wait(3_600);
    watch.lost = LostRuns::default();
    assert_eq!(watch.after(40).await, NOTHING);
    watch.polls(&held).await;
    watch.beats(&stock).await;
    // Or it was only stopped, or its clock was set.
    watch.world.wait(3_600);
    assert_eq!(watch.after(40).await, NOTHING);
    watch.world.wait(3_600);
    assert_eq!(watch.after(40).await, NOTHING);
    watch.polls(&held).await;
    assert_eq!(watch.after(40).await, NOTHING);
    assert_eq!(watch.after(20).await, RESCHEDULED, "but silence while it listens counts");
}

#[tokio::test]
async fn of_two_replicas_one_acts() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    for _ in 0..20 {
        watch.ours().await;
    }
    let mut other = LostRuns::default();
    other.pass(watch.world.services()).await.unwrap();
    for _ in 0..9 {
        watch.after(5).await;
        other.pass(watch.world.services()).await.unwrap();
    }
    watch.world.wait(5);
    let services = watch.world.services();
    let (one, other) = tokio::join!(watch.lost.pass(services), other.pass(services));
    assert_eq!(one.unwrap().rescheduled + other.unwrap().rescheduled, 20);
    let rows = watch.world.query("{ flow_run { times_resurrected states { id } logs { id } } }").await;
    for run in rows["flow_run"].as_array().unwrap() {
        let count = |field: &str| run[field].as_array().unwrap().len();
        assert_eq!((&run["times_resurrected"], count("states"), count("logs")), (&json!(1), 4, 1), "{run}");
    }
}

#[tokio::test]
async fn zombies_end_and_lazarus_follows_for_stock_agents() {
    let mut watch = Watch::new().await;
    watch.after(120).await;
    let run = watch.stock().await;
    let tasks = watch.task_runs(&run).await;
    watch.set_task(&tasks[0], json!({"type": "Running"})).await;
    assert_eq!(watch.after(120).await, NOTHING);
    assert_eq!(watch.after(5).await.loosened, 1);
    let row = watch.read(&run).await;
    assert_eq!((&row["state"], &row["task_runs"][0]["state"]), (&json!("Running"), &json!("Retrying")));
    let message = row["task_runs"][0]["state_message"].as_str().unwrap();
    assert_eq!(
        message,
        "No heartbeat detected from the remote task; retrying the run. This will be retry 1 of 1."
    );
    // A retry waits for an agent; nobody else touches the run.
    assert_eq!(watch.after(300).await, NOTHING);
    // A second process takes it up and dies, too; no retry is left.
    watch.set_task(&tasks[0], json!({"type": "Running"})).await;
    watch.beats(&run).await;
    let found = watch.after(130).await;
    assert_eq!((found.loosened, found.rescheduled), (1, 1));
    let row = watch.read(&run).await;
    assert_eq!((&row["state"], &row["task_runs"][0]["state"]), (&json!("Scheduled"), &json!("Failed")));
    assert!(row["state_message"].as_str().unwrap().starts_with("Rescheduled by a Lazarus process."), "{row}");
}

#[tokio::test]
async fn lazarus_gives_up_after_three_attempts() {
    let mut watch = Watch::new().await;
    let run = watch.create().await;
    for attempt in 1..=3 {
        watch.set(&run, json!({"type": "Submitted", "message": format!("attempt {attempt}")})).await;
        assert_eq!(watch.after(600).await, NOTHING, "images may still be pulled");
        assert_eq!(watch.after(5).await, RESCHEDULED);
        let row = watch.read(&run).await;
        assert_eq!(row["times_resurrected"], json!(attempt));
    }
    watch.set(&run, json!({"type": "Submitted", "message": "attempt 4"})).await;
    assert_eq!(watch.after(605).await, FAILED);
    let row = watch.read(&run).await;
    let message = row["state_message"].as_str().unwrap();
    assert!(message.starts_with("A Lazarus process attempted to reschedule this run 3 times"), "{message}");
    assert_eq!(row["logs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn switches_of_the_flow_group_are_heeded() {
    let mut watch = Watch::new().await;
    watch.after(120).await;
    let run = watch.stock().await;
    let flow = json!({"flow_id": watch.flow});
    watch.world.success("disable_flow_heartbeat", flow.clone()).await;
    assert_eq!(watch.after(300).await, NOTHING, "it sends no heartbeats");
    watch.world.success("enable_flow_heartbeat", flow.clone()).await;
    watch.policy(json!({"policy": null, "silent_seconds": 900, "zombie_killer_enabled": false})).await;
    watch.world.success("disable_flow_lazarus_process", flow.clone()).await;
    assert_eq!(watch.after(900).await, NOTHING, "neither process may touch it");
    watch.policy(json!({"policy": null, "zombie_killer_enabled": true})).await;
    assert_eq!(watch.after(5).await, FAILED);
    let row = watch.read(&run).await;
    assert!(
        row["state_message"]
            .as_str()
            .unwrap()
            .starts_with("No heartbeat detected from the flow run; marking the run as failed."),
        "{row}"
    );
    assert_eq!(row["logs"][0]["info"]["cause"], "heartbeat_stopped");
}

#[tokio::test]
async fn a_run_that_waits_for_a_person_is_mentioned_once() {
    let mut watch = Watch::new().await;
    watch.after(120).await;
    watch.policy(json!({"policy": "wait"})).await;
    let held = watch.ours().await;
    assert_eq!(watch.after(300).await, Report { waiting: 1, ..NOTHING });
    // Another server, which does not remember that it was said.
    watch.lost = LostRuns::default();
    assert_eq!(watch.after(300).await, NOTHING);
    let row = watch.read(&held.run).await;
    assert_eq!((&row["state"], row["logs"].as_array().unwrap().len()), (&json!("Running"), 1), "{row}");
    // Its agent was away for long, and nobody took the run from it.
    assert_eq!(watch.polls(&held).await, json!([]));
}

#[tokio::test]
async fn a_run_that_left_for_a_retry_goes_on_without_its_agent() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    let held = watch.ours().await;
    let task = watch.task_runs(&held.run).await.remove(0);
    let due = watch.world.now() + chrono::TimeDelta::minutes(20);
    watch.set_task(&task, json!({"type": "Running"})).await;
    watch.set_task(&task, json!({"type": "Retrying", "start_time": due.to_rfc3339(), "run_count": 1})).await;
    assert_eq!(watch.after(55).await, Report { loosened: 1, ..NOTHING });
    assert_eq!(watch.state(&held.run).await, "Running");
    assert_eq!(watch.after(19 * 60).await, NOTHING);
    watch.world.wait(10);
    let agent = json!({"type": "LocalAgent", "name": "another", "labels": []});
    let agent = watch.world.id("register_agent", agent).await;
    let claim = json!({"agent_id": agent, "labels": [], "slots": 1, "wait_ms": 0, "held": []});
    let answer = watch.world.mutate("claim_flow_runs", "runs { flow_run_id resumed }", claim).await;
    assert_eq!(answer["runs"], json!([{"flow_run_id": held.run, "resumed": true}]));
}

#[tokio::test]
async fn a_cancellation_that_nobody_can_finish_ends() {
    let mut watch = Watch::new().await;
    watch.after(120).await;
    let (held, stock) = (watch.ours().await, watch.stock().await);
    for run in [&held.run, &stock] {
        let answer = watch.world.mutate("cancel_flow_run", "state", json!({"flow_run_id": run})).await;
        assert_eq!(answer["state"], "Cancelling");
        let running =
            json!({"states": [{"flow_run_id": run, "version": null, "state": {"type": "Running"}}]});
        let refused = watch.world.refused("set_flow_run_states", "states { id }", running).await;
        assert!(refused.message.starts_with("State update failed"), "{refused:?}");
    }
    // As long as its agent calls, it is the agent's to end it.
    for _ in 0..10 {
        assert_eq!(watch.polls(&held).await[0]["action"], "cancel");
        watch.beats(&stock).await;
        assert_eq!(watch.after(30).await, NOTHING);
    }
    assert_eq!(watch.after(55).await, Report { cancelled: 1, ..NOTHING });
    let row = watch.read(&held.run).await;
    assert_eq!(row["state"], "Cancelled");
    let message = row["state_message"].as_str().unwrap();
    assert!(message.contains("Nobody was left to stop it: agent 'signalman'"), "{message}");
    assert!(row["task_runs"].as_array().unwrap().iter().all(|task| task["state"] == "Cancelled"), "{row}");
    assert_eq!(watch.after(120).await, FAILED, "a stock agent's, as Prefect's zombie killer has it");
    let row = watch.read(&stock).await;
    let message = row["state_message"].as_str().unwrap();
    assert!(
        message.starts_with("No heartbeat detected from the flow run; marking the run as failed."),
        "{message}"
    );
}

#[tokio::test]
async fn an_agent_reports_the_end_of_a_process() {
    let watch = Watch::new().await;
    let held = watch.ours().await;
    let tasks = watch.task_runs(&held.run).await;
    watch.set_task(&tasks[0], json!({"type": "Running"})).await;
    let message = "the flow-run process was killed by signal SIGKILL (9)";
    let report = |held: &Held| json!({"flow_run_id": held.run, "lease_token": held.token, "message": message, "signal": 9});
    let stranger = Held {
        token: "00000000-0000-0000-0000-000000000001".into(),
        run: held.run.clone(),
        agent: String::new(),
    };
    let refused = watch.world.refused("report_flow_run_exit", "state", report(&stranger)).await;
    assert_eq!(refused.code, "LEASE_LOST");
    let answer = watch.world.twice("report_flow_run_exit", "state", report(&held)).await;
    assert_eq!(answer["state"], "Failed");
    let row = watch.read(&held.run).await;
    assert_eq!(row["state_message"], message);
    assert_eq!(row["task_runs"][0]["state"], "Failed");
    assert_eq!(row["logs"][0]["info"], json!({"cause": "process_ended", "exit_code": null, "signal": 9}));

    watch.policy(json!({"policy": "reschedule"})).await;
    let held = watch.ours().await;
    let answer = watch.world.twice("report_flow_run_exit", "state", report(&held)).await;
    assert_eq!(answer["state"], "Scheduled");
    assert_eq!(watch.read(&held.run).await["times_resurrected"], 1);
}

#[tokio::test]
async fn an_agents_line_is_dropped_when_another_has_the_run() {
    let mut watch = Watch::new().await;
    watch.after(50).await;
    let held = watch.ours().await;
    assert_eq!(watch.after(55).await, RESCHEDULED);
    let line = |token: &str, message: &str| json!({"logs": [{"flow_run_id": held.run, "lease_token": token, "message": message, "level": "INFO"}]});
    // Nobody has the run: what its last agent saw is worth knowing.
    watch.world.success("write_run_logs", line(&held.token, "before")).await;
    let agent = json!({"type": "LocalAgent", "name": "second", "labels": []});
    let agent = watch.world.id("register_agent", agent).await;
    let claim = json!({"agent_id": agent, "labels": [], "slots": 1, "wait_ms": 0, "held": []});
    let answer = watch.world.mutate("claim_flow_runs", "runs { flow_run_id lease_token }", claim).await;
    let token = answer["runs"][0]["lease_token"].as_str().unwrap();
    watch.world.success("write_run_logs", line(&held.token, "stale")).await;
    watch.world.success("write_run_logs", line(token, "fresh")).await;
    let row = watch.read(&held.run).await;
    let messages: Vec<&str> =
        row["logs"].as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert!(
        messages.contains(&"before") && messages.contains(&"fresh") && !messages.contains(&"stale"),
        "{messages:?}"
    );
}

#[tokio::test]
async fn a_run_whose_answer_never_arrived_is_handed_out_again_with_the_next_question() {
    let watch = Watch::new().await;
    let agent = json!({"type": "LocalAgent", "name": "signalman", "labels": []});
    let agent = watch.world.id("register_agent", agent).await;
    let ask = async |process: u32, number: u32, held: Value| {
        let input = json!({"agent_id": agent, "labels": [], "slots": 1, "wait_ms": 0, "held": held,
                           "claim_id": format!("00000000-0000-4000-8000-00{process:04}{number:06}"),
                           "process_id": format!("00000000-0000-4000-8000-{process:012}"), "claim_number": number});
        let answer = watch.world.mutate("claim_flow_runs", "runs { flow_run_id lease_token }", input).await;
        answer["runs"].as_array().unwrap().clone()
    };
    assert!(ask(1, 1, json!([])).await.is_empty());
    let run = watch.create().await;
    // A late copy of the first question, whose answer nobody reads.
    assert_eq!(ask(1, 1, json!([])).await[0]["flow_run_id"], json!(run));
    assert!(ask(2, 9, json!([])).await.is_empty(), "another process of the same agent");
    let again = ask(1, 2, json!([])).await;
    assert_eq!(again[0]["flow_run_id"], json!(run));
    assert_eq!(ask(1, 2, json!([])).await, again, "the same question");
    // A copy of an older one knows nothing of the run, and takes it from nobody.
    ask(1, 1, json!([])).await;
    let next = watch.create().await;
    assert_eq!(ask(1, 3, json!(again)).await[0]["flow_run_id"], json!(next));
    let row = watch.read(&run).await;
    assert_eq!(history(&row), ["Scheduled", "Submitted", "Scheduled", "Submitted"]);
    assert_eq!(row["times_resurrected"], 0);
    assert_eq!(row["logs"][0]["info"]["cause"], "answer_lost");
}

#[tokio::test]
async fn a_policy_is_checked_and_may_be_sent_twice() {
    let mut watch = Watch::new().await;
    let input =
        json!({"flow_group_id": watch.group, "policy": "fail", "max_reschedules": 5, "silent_seconds": 60});
    watch.world.twice("set_flow_group_lost_policy", "success", input.clone()).await;
    for (field, value) in [("max_reschedules", -1), ("silent_seconds", 0)] {
        let mut wrong = input.clone();
        wrong[field] = json!(value);
        let refused = watch.world.refused("set_flow_group_lost_policy", "success", wrong).await;
        assert!(refused.code == "INVALID_INPUT" && refused.message.contains(field), "{refused:?}");
    }
    watch.world.become_stranger().await;
    assert_eq!(watch.world.refused("set_flow_group_lost_policy", "success", input).await.code, "NOT_FOUND");
}

//! Pausing, approving and restarting through the front door: who gets what, what is refused, what is written.

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::state;
use signalbox_tests::{Client, Scene, TestServer, scene};

async fn agent(scene: &Scene) -> String {
    let agent = json!({"type": "LocalAgent", "name": "a", "labels": [], "tenant_id": scene.tenant_id});
    id(&scene.client.mutate("register_agent", agent, "id").await)
}

/// The runs that an agent with free slots gets now.
async fn claimed(scene: &Scene, agent: &str) -> Vec<String> {
    let claim = json!({"agent_id": agent, "labels": [], "slots": 5, "wait_ms": 0, "held": []});
    let claimed = scene.client.mutate("claim_flow_runs", claim, "runs { flow_run_id }").await;
    let runs = claimed["runs"].as_array().expect("runs is a list").iter();
    runs.filter_map(|run| run["flow_run_id"].as_str().map(str::to_owned)).collect()
}

async fn read(client: &Client, run: &str) -> Value {
    let document = format!(
        "{{ flow_run_by_pk(id: \"{run}\") {{ state state_message version
            states(order_by: {{ version: asc }}) {{ state }}
            task_runs(order_by: {{ task: {{ slug: asc }} }}) {{ id state state_message version }} }} }}"
    );
    client.query(&document).await["flow_run_by_pk"].take()
}

fn states(run: &Value) -> Vec<&str> {
    let task_runs = run["task_runs"].as_array().expect("task_runs is a list").iter();
    task_runs.filter_map(|task_run| task_run["state"].as_str()).collect()
}

#[tokio::test]
async fn a_paused_run_is_handed_to_nobody() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let (agent, run) = (agent(&scene).await, scene.flow_run().await);
    let note = json!({"flow_run_id": run, "note": "not today"});
    scene.client.mutate("pause_flow_run", note, "success").await;
    assert_eq!(claimed(&scene, &agent).await, Vec::<String>::new());
    let paused = read(&scene.client, &run).await;
    assert_eq!(paused["state"], "Paused");
    assert_eq!(paused["state_message"], "Paused by somebody on the server's machine: not today");
    scene.client.mutate("resume_flow_run", json!({"flow_run_id": run}), "success").await;
    assert_eq!(claimed(&scene, &agent).await, std::slice::from_ref(&run));
    // What is being started cannot be paused, and what is not paused cannot be resumed.
    let refused = scene.client.try_mutate("pause_flow_run", json!({"flow_run_id": run}), "success").await;
    assert!(refused.assert_code("CONFLICT").message().contains("an agent is starting it"), "{refused:?}");
    let other = json!({"flow_run_id": scene.flow_run().await});
    let refused = scene.client.try_mutate("resume_flow_run", other, "success").await;
    assert_eq!(
        refused.assert_code("CONFLICT").message(),
        "only what is Paused can be resumed; it is Scheduled"
    );
}

#[tokio::test]
async fn tasks_of_a_paused_run_are_told_to_wait() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 2).await;
    let run = scene.running_flow_run().await;
    let task_run = scene.task_runs(&run).await.remove(0);
    scene.client.mutate("pause_flow_run", json!({"flow_run_id": run}), "success").await;
    let told = scene.set_task_run_state(&task_run, state("Running", "Starting task run.")).await;
    assert_eq!(told["states"][0]["status"], "QUEUED", "{told}");
    scene.client.mutate("resume_flow_run", json!({"flow_run_id": run}), "success").await;
    let told = scene.set_task_run_state(&task_run, state("Running", "Starting task run.")).await;
    assert_eq!(told["states"][0]["status"], "SUCCESS", "{told}");
    let history = read(&scene.client, &run).await["states"].to_string();
    let expected =
        json!([{"state": "Scheduled"}, {"state": "Running"}, {"state": "Paused"}, {"state": "Running"}]);
    assert_eq!(history, expected.to_string(), "its process lives, so nobody else gets it");
}

#[tokio::test]
async fn an_approval_says_whose_it_is_and_an_agent_cannot_give_it() {
    let server = TestServer::start();
    let (tenant, admin) = scene::tenant(&server.client(), "acme").await;
    let scene = Scene::set(admin, 1).await;
    let agent_id = agent(&scene).await;
    let run = scene.flow_run().await;
    assert_eq!(claimed(&scene, &agent_id).await, std::slice::from_ref(&run));
    scene.set_flow_run_state(&run, state("Running", "Running flow.")).await;
    let task_run = scene.task_runs(&run).await.remove(0);
    scene.set_task_run_state(&task_run, state("Paused", "Trigger function is \"manual_only\"")).await;
    let agent_key =
        Client::new(scene.client.address(), Some(scene::key(&scene.client, &tenant, "agent").await));
    let approve = json!({"task_run_id": task_run, "note": "go"});
    agent_key.try_mutate("resume_task_run", approve.clone(), "success").await.assert_code("FORBIDDEN");
    scene.client.mutate("resume_task_run", approve.clone(), "success").await;
    scene.client.mutate("resume_task_run", approve, "success").await;
    let approved = read(&scene.client, &run).await;
    assert_eq!(states(&approved), ["Resume"]);
    assert_eq!(approved["task_runs"][0]["state_message"], "Approved by API key 'admin key': go");
    assert_eq!(approved["task_runs"][0]["version"], 3, "approved once");
    scene.set_flow_run_state(&run, state("Failed", "No.")).await;
    scene.set_task_run_state(&task_run, state("Paused", "Again.")).await;
    let late = json!({"task_run_id": task_run});
    let refused = scene.client.try_mutate("resume_task_run", late, "success").await;
    assert!(
        refused.assert_code("CONFLICT").message().contains("restart the flow run instead"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_restart_runs_what_failed_and_counts_once() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 3).await;
    let run = scene.running_flow_run().await;
    let restart = |version: Value| {
        let input = json!({"flow_run_id": run, "version": version});
        let client = scene.client.clone();
        async move { client.try_mutate("restart_flow_run", input, "task_runs").await }
    };
    let refused = restart(Value::Null).await;
    assert_eq!(
        refused.assert_code("CONFLICT").message(),
        "only a flow run that has ended can be restarted; it is Running"
    );
    let before = read(&scene.client, &run).await;
    let ids: Vec<String> = before["task_runs"].as_array().expect("a list").iter().map(id).collect();
    for (task_run, kind) in ids.iter().zip(["Success", "Failed", "TriggerFailed"]) {
        scene.set_task_run_state(task_run, state(kind, "told")).await;
    }
    scene.set_flow_run_state(&run, state("Failed", "Some reference tasks failed.")).await;
    restart(json!(2)).await.assert_code("CONFLICT");
    assert_eq!(restart(json!(3)).await.data()["restart_flow_run"]["task_runs"], 2);
    let restarted = read(&scene.client, &run).await;
    assert_eq!(
        (&restarted["state"], states(&restarted)),
        (&json!("Scheduled"), vec!["Success", "Pending", "Pending"])
    );
    for version in [json!(3), Value::Null] {
        assert_eq!(restart(version).await.data()["restart_flow_run"]["task_runs"], 0);
    }
    assert_eq!(read(&scene.client, &run).await, restarted, "the same request again changes nothing");
    // It fails again: the request of before is over, a new one is a new restart.
    scene.set_task_run_state(&ids[1], state("Failed", "told")).await;
    scene.set_flow_run_state(&run, state("Failed", "Again.")).await;
    assert_eq!(restart(json!(3)).await.data()["restart_flow_run"]["task_runs"], 0);
    assert_eq!(read(&scene.client, &run).await["state"], "Failed");
    assert_eq!(restart(json!(5)).await.data()["restart_flow_run"]["task_runs"], 1);
    let agent = agent(&scene).await;
    assert_eq!(claimed(&scene, &agent).await, std::slice::from_ref(&run));
}

//! Several callers want the same thing at the same moment: exactly one gets it, and nobody is told a lie.

mod crowd;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::flow::{FlowSpec, submitted};
use signalbox_tests::{Client, Reply, Scene, TestServer};

const SELECTION: &str = "states { id status message }";

async fn agent(scene: &Scene, name: &str, labels: &[&str]) -> (String, Client) {
    let input = json!({"type": "LocalAgent", "name": name, "labels": labels, "tenant_id": scene.tenant_id});
    let agent = id(&scene.client.mutate("register_agent", input, "id").await);
    let client = scene.client.with_header(format!("X-PREFECT-AGENT-ID: {agent}"));
    (agent, client)
}

async fn submit(client: &Client, flow_run: &str) -> Reply {
    let input = json!({"states": [{"flow_run_id": flow_run, "version": 1, "state": submitted()}]});
    client.try_mutate("set_flow_run_states", input, SELECTION).await
}

#[tokio::test]
async fn of_two_agents_that_submit_a_run_exactly_one_wins() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let (_, left) = agent(&scene, "left", &[]).await;
    let (_, right) = agent(&scene, "right", &[]).await;
    for round in 0..30 {
        let run = scene.flow_run().await;
        let (one, two) = tokio::join!(submit(&left, &run), submit(&right, &run));
        let (winner, loser, winner_agent, loser_agent) =
            if one.code().is_none() { (one, two, &left, &right) } else { (two, one, &right, &left) };
        assert_eq!(winner.data()["set_flow_run_states"]["states"][0]["status"], "SUCCESS", "round {round}");
        loser.assert_refused();
        assert!(loser.message().contains("State update failed"), "round {round}: {}", loser.message());
        // The winner's request may arrive once more, and must then not make the winner think that it lost.
        assert!(submit(winner_agent, &run).await.code().is_none(), "the winner may repeat itself");
        assert!(submit(loser_agent, &run).await.message().contains("State update failed"));
        let document = format!(
            "{{ flow_run_by_pk(id: \"{run}\") {{ version states(where: {{state: {{_eq: \"Submitted\"}}}}) {{ id }} }} }}"
        );
        let stored = scene.client.query(&document).await["flow_run_by_pk"].take();
        assert_eq!(stored["version"], 2, "round {round}");
        assert_eq!(stored["states"].as_array().map(Vec::len), Some(1), "round {round}");
    }
}

/// One agent's polls until it has found nothing: how often each run was handed to it.
async fn claim_until_empty(client: Client, agent: String, labels: Vec<&str>) -> Vec<String> {
    let mut claimed = Vec::new();
    loop {
        let input = json!({"agent_id": agent, "labels": labels, "slots": 7, "wait_ms": 0, "held": []});
        let answer = client.mutate("claim_flow_runs", input, "runs { flow_run_id lease_token }").await;
        let runs = answer["runs"].as_array().expect("runs is a list").clone();
        assert!(runs.len() <= 7, "more runs than free slots");
        if runs.is_empty() {
            return claimed;
        }
        let ids = runs.iter().map(|run| run["flow_run_id"].as_str().expect("a run has an id").to_owned());
        claimed.extend(ids);
    }
}

#[tokio::test]
async fn twenty_agents_claim_two_hundred_runs_once_each() {
    let server = TestServer::start();
    let scene = Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["rush"])).await;
    let mut expected = BTreeMap::new();
    for _ in 0..200 {
        expected.insert(scene.flow_run().await, 1);
    }
    let other = scene.flow_run_with(json!({"labels": ["elsewhere"]})).await;
    let mut agents = Vec::new();
    for number in 0..20 {
        agents.push(agent(&scene, &format!("agent-{number}"), &["rush", "more"]).await);
    }
    let claims = agents.into_iter().map(|(id, client)| claim_until_empty(client, id, vec!["rush", "more"]));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for run in join_all(claims).await.into_iter().flatten() {
        *seen.entry(run).or_default() += 1;
    }
    assert!(!seen.contains_key(&other), "a run went to an agent without its label");
    assert_eq!(seen, expected);
    let document = "{ flow_run(where: {state: {_eq: \"Submitted\"}}) { id agent_id version } }";
    let submitted = scene.client.query(document).await["flow_run"].take();
    let submitted = submitted.as_array().expect("a list");
    assert_eq!(submitted.len(), 200);
    assert!(submitted.iter().all(|run| run["version"] == 2 && run["agent_id"].is_string()), "{submitted:?}");
}

#[tokio::test]
async fn a_claimed_run_is_not_submitted_by_a_polling_agent() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let (agent_id, taker) = agent(&scene, "claims", &[]).await;
    let (_, poller) = agent(&scene, "polls", &[]).await;
    for round in 0..20 {
        let run = scene.flow_run().await;
        let claim = claim_until_empty(taker.clone(), agent_id.clone(), vec![]);
        let (claimed, submitted) = tokio::join!(claim, submit(&poller, &run));
        let by_poll = submitted.code().is_none();
        assert_eq!(
            usize::from(by_poll) + claimed.len(),
            1,
            "round {round}: handed out {claimed:?} and {submitted:?}"
        );
    }
}

#[tokio::test]
async fn one_key_makes_one_run_however_often_it_is_sent() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 4).await;
    let create = || scene.flow_run_with(json!({"idempotency_key": "one and only"}));
    let mut ids = join_all((0..16).map(|_| create())).await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let counts = "{ flow_run_aggregate { aggregate { count } } task_run_aggregate { aggregate { count } } }";
    let counts = scene.client.query(counts).await;
    assert_eq!(counts["flow_run_aggregate"]["aggregate"]["count"], 1);
    assert_eq!(counts["task_run_aggregate"]["aggregate"]["count"], 4);
}

#[tokio::test]
async fn one_mapped_child_is_made_once_by_many_processes() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let run = scene.running_flow_run().await;
    for map_index in 0..10 {
        let input = json!({"flow_run_id": run, "task_id": scene.task_ids[0], "map_index": map_index});
        let call = || {
            scene.client.mutate("get_or_create_task_run_info", input.clone(), "id version serialized_state")
        };
        let mut made: Vec<Value> = join_all((0..8).map(|_| call())).await;
        made.dedup();
        assert_eq!(made.len(), 1, "{made:?}");
    }
    assert_eq!(scene.task_runs(&run).await.len(), 11);
}

#[tokio::test]
async fn one_name_makes_one_project() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let input = json!({"name": "Wanted", "description": null, "tenant_id": scene.tenant_id});
    let replies =
        join_all((0..8).map(|_| scene.client.try_mutate("create_project", input.clone(), "id"))).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.code().is_none());
    assert_eq!(made.len(), 1);
    for reply in refused {
        assert_eq!(
            (reply.status, reply.message()),
            (200, "Uniqueness violation."),
            "the stock client looks for this text"
        );
    }
}

#[tokio::test]
async fn one_registration_key_makes_one_version() {
    let server = TestServer::start();
    let scene = Scene::set(server.client(), 1).await;
    let input = json!({
        "project_id": scene.project_id, "serialized_flow": FlowSpec::chain("keyed", 3).serialized(),
        "set_schedule_active": false, "idempotency_key": "0123456789abcdef",
    });
    let made = join_all((0..8).map(|_| scene.client.mutate("create_flow", input.clone(), "id"))).await;
    let mut ids: Vec<String> = made.iter().map(id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let versions = scene.client.query("{ flow(where: {name: {_eq: \"keyed\"}}) { version archived } }").await;
    assert_eq!(versions["flow"], json!([{"version": 1, "archived": false}]));
}

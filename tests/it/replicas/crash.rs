//! `kill -9` of one replica or the other, at random moments, while runs are made, claimed and finished through the
//! balancer by clients that ask again when no answer comes: each run is started once, and none is lost.

use super::{agent, claim, until_hints};
use serde_json::{Value, json};
use signalbox_tests::flow::state;
use signalbox_tests::{Client, Replicas, Scene};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

const CREATORS: usize = 4;
const AGENTS: usize = 4;
const RUNS_EACH: usize = 40;
const KILLS: usize = 6;
/// The whole test takes less, or something hangs.
const LIMIT: Duration = Duration::from_mins(3);

/// A plain generator (Knuth's constants): what a seed did once it does again.
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn seed() -> u64 {
    let given = std::env::var("SIGNALBOX_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        #[expect(clippy::disallowed_methods, reason = "another seed at each run; it is printed")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| u64::from(now.subsec_micros()))
    })
}

/// Asks until an answer comes. A refusal that says it may be asked again is no answer.
async fn persist(client: &Client, body: &[u8]) -> Value {
    let deadline = Instant::now() + LIMIT;
    loop {
        assert!(Instant::now() < deadline, "no answer for {LIMIT:?}");
        match client.try_post(body).await {
            Some(reply) if reply.body.get("errors").is_none() && reply.body["data"].is_object() => {
                return reply.body["data"].clone();
            }
            Some(reply) if reply.body["errors"][0]["extensions"]["retryable"] == json!(true) => {}
            Some(reply) => panic!("refused: {} {}", reply.status, reply.body),
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn create(client: Client, flow: String, creator: usize, made: Arc<AtomicUsize>) -> Vec<String> {
    let mut runs = Vec::new();
    for number in 0..RUNS_EACH {
        let key = format!("{creator}/{number}");
        let input = json!({"flow_id": flow, "idempotency_key": key, "flow_run_name": key});
        let document = "mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }";
        let body = json!({"query": document, "variables": {"input": input}}).to_string();
        let data = persist(&client, body.as_bytes()).await;
        runs.push(data["create_flow_run"]["id"].as_str().expect("a run has an id").to_owned());
        made.fetch_add(1, Ordering::Relaxed);
    }
    runs
}

/// Claims, "runs" and reports until it is told that no more comes; the runs it started.
async fn work(client: Client, agent: String, number: usize, done: Arc<AtomicBool>) -> Vec<String> {
    let mut started = Vec::new();
    let mut question = (number as u128) << 64;
    while !done.load(Ordering::Relaxed) {
        question += 1;
        let data = persist(&client, &claim(&agent, question, 1_000, &json!([]))).await;
        for run in data["claim_flow_runs"]["runs"].as_array().expect("a list") {
            let id = run["flow_run_id"].as_str().expect("a run has an id").to_owned();
            for kind in ["Running", "Success"] {
                let input = json!({"states": [
                    {"flow_run_id": id, "version": null, "state": state(kind, "by an agent"), "lease_token": run["lease_token"]}
                ]});
                let document = "mutation($input: set_flow_run_states_input!) {
                    set_flow_run_states(input: $input) { states { id status message } } }";
                let body = json!({"query": document, "variables": {"input": input}}).to_string();
                let data = persist(&client, body.as_bytes()).await;
                let status = &data["set_flow_run_states"]["states"][0]["status"];
                assert_eq!(status, "SUCCESS", "{kind} of {id}: {data}");
            }
            started.push(id);
        }
    }
    started
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_is_started_once_whoever_is_killed() {
    let seed = seed();
    println!("seed {seed} (again with SIGNALBOX_TEST_SEED={seed})");
    let mut chance = Chance(seed);
    let mut replicas = Replicas::by_redis().await;
    until_hints(&replicas, "ok").await;
    let scene = Scene::set(replicas.client(), 1).await;
    let (made, done) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let mut creators = JoinSet::new();
    for creator in 0..CREATORS {
        creators.spawn(create(replicas.client(), scene.flow_id.clone(), creator, Arc::clone(&made)));
    }
    let mut agents = JoinSet::new();
    for number in 0..AGENTS {
        let agent = agent(&scene.client, &format!("agent {number}")).await;
        agents.spawn(work(replicas.client(), agent, number, Arc::clone(&done)));
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(100 + chance.up_to(900))).await;
        let victim = usize::try_from(chance.up_to(2)).expect("one of two");
        println!("kill {kill}: replica {victim} after {} runs", made.load(Ordering::Relaxed));
        tokio::task::block_in_place(|| replicas.servers[victim].kill());
        tokio::time::sleep(Duration::from_millis(chance.up_to(500))).await;
        tokio::task::block_in_place(|| replicas.servers[victim].restart());
    }
    let created: Vec<String> = creators.join_all().await.into_iter().flatten().collect();
    assert_eq!(created.len(), CREATORS * RUNS_EACH);
    until_all_are_finished(&scene, created.len()).await;
    done.store(true, Ordering::Relaxed);
    let mut started: BTreeMap<String, usize> = BTreeMap::new();
    for run in agents.join_all().await.into_iter().flatten() {
        *started.entry(run).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = created.into_iter().map(|run| (run, 1)).collect();
    assert_eq!(started, expected, "each run is started once (seed {seed})");
    let document = "{ flow_run(where: {state: {_eq: \"Success\"}}) { id states { state } } }";
    let rows = scene.client.query(document).await["flow_run"].take();
    for row in rows.as_array().expect("a list") {
        let mut states: Vec<&str> =
            row["states"].as_array().expect("a list").iter().filter_map(|it| it["state"].as_str()).collect();
        states.sort_unstable();
        assert_eq!(states, ["Running", "Scheduled", "Submitted", "Success"], "{row} (seed {seed})");
    }
}

async fn until_all_are_finished(scene: &Scene, count: usize) {
    let deadline = Instant::now() + LIMIT;
    let document = "{ flow_run_aggregate(where: {state: {_eq: \"Success\"}}) { aggregate { count } } }";
    let body = json!({"query": document}).to_string();
    loop {
        let data = persist(&scene.client, body.as_bytes()).await;
        let finished = &data["flow_run_aggregate"]["aggregate"]["count"];
        if finished == &json!(count) {
            return;
        }
        assert!(Instant::now() < deadline, "{finished} of {count} runs finished in {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

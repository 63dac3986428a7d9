//! Fifty agents of the same labels want a thousand runs: agents that speak Prefect's protocol, agents that speak ours,
//! some of them two processes under one name. Requests are sent twice, late, and again because an answer did not come.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox_tests::flow::{FlowSpec, submitted};
use signalbox_tests::{Client, Reply, Scene, TestServer};
use tokio::task::JoinSet;

use super::{SELECTION, agent};

const RUNS: usize = 1_000;
/// Of each kind.
const AGENTS: usize = 25;
/// So many of each kind share their name, and so their id, with the one before.
const TWINS: usize = 8;
const LIMIT: Duration = Duration::from_mins(2);

/// What the agents of the crowd share.
struct Crowd {
    /// How often each run was started, by whom.
    starts: Mutex<BTreeMap<String, Vec<String>>>,
    started: AtomicUsize,
    begun: Instant,
    tenant_id: String,
}

impl Crowd {
    fn start(&self, run: &str, by: &str) {
        let mut starts = self.starts.lock().expect("nobody panics while holding it");
        starts.entry(run.to_owned()).or_default().push(by.to_owned());
        self.started.store(starts.len(), Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        self.started.load(Ordering::Relaxed) < RUNS && self.begun.elapsed() < LIMIT
    }
}

/// What goes wrong between an agent and the server; the same for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % of
    }

    async fn delay(&mut self) {
        if self.next(4) == 0 {
            tokio::time::sleep(Duration::from_millis(self.next(60))).await;
        }
    }

    /// Sends a request: once, or twice at the same time, or again because the first answer was lost. The answer that
    /// the sender gets.
    async fn send(&mut self, client: &Client, name: &str, input: &Value, selection: &str) -> Reply {
        let send = || client.try_mutate(name, input.clone(), selection);
        self.delay().await;
        match self.next(4) {
            0 => {
                let (one, other) = tokio::join!(send(), send());
                if self.next(2) == 0 { one } else { other }
            }
            1 => {
                drop(send().await);
                self.delay().await;
                send().await
            }
            _ => send().await,
        }
    }
}

/// A process of `prefect agent local start`, as far as the protocol goes.
async fn stock(crowd: Arc<Crowd>, client: Client, name: String, mut chance: Chance) {
    let mut polls = 0_u32;
    while crowd.goes_on() {
        polls += 1;
        // Stock agents ask ten seconds ahead of a moment that no other question has.
        let moment =
            format!("2035-01-01T00:{:02}:{:02}.{:06}Z", polls / 60 % 60, polls % 60, chance.next(999_999));
        let input = json!({"before": moment, "labels": ["rush"], "tenant_id": crowd.tenant_id});
        let answer = chance.send(&client, "get_runs_in_queue", &input, "flow_run_ids").await.data();
        let ids = answer["get_runs_in_queue"]["flow_run_ids"].as_array().expect("a list").clone();
        if ids.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for run in ids.iter().filter_map(Value::as_str) {
            let input = json!({"states": [{"flow_run_id": run, "version": 1, "state": submitted()}]});
            let reply = chance.send(&client, "set_flow_run_states", &input, SELECTION).await;
            if reply.code().is_none() {
                crowd.start(run, &name);
            } else {
                assert!(reply.message().contains("State update failed"), "{}", reply.body);
            }
        }
    }
}

/// A process of `signalbox agent start`, as far as the protocol goes.
async fn ours(crowd: Arc<Crowd>, client: Client, id: String, name: String, mut chance: Chance) {
    let mut number = 0_u32;
    let process = format!("{:08x}-0000-4000-8000-000000000000", chance.next(u64::from(u32::MAX)));
    let mut begun = BTreeMap::new();
    while crowd.goes_on() {
        number += 1;
        let claim_id = format!("{:08x}-0000-4000-8000-{number:012x}", chance.next(u64::from(u32::MAX)));
        let held: Vec<Value> =
            begun.iter().map(|(run, token)| json!({"flow_run_id": run, "lease_token": token})).collect();
        let input = json!({"agent_id": id, "labels": ["rush"], "slots": 1 + chance.next(9), "wait_ms": 0, "held": held,
                           "claim_id": claim_id, "process_id": process, "claim_number": number});
        let answer =
            chance.send(&client, "claim_flow_runs", &input, "runs { flow_run_id lease_token }").await.data();
        let runs = answer["claim_flow_runs"]["runs"].as_array().expect("a list").clone();
        if runs.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for run in runs {
            let id = run["flow_run_id"].as_str().expect("a run has an id").to_owned();
            let token = run["lease_token"].clone();
            assert_eq!(begun.insert(id.clone(), token), None, "one process was given a run twice");
            crowd.start(&id, &name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "none starts twice, but of a thousand a handful is not taken within two minutes: see docs/reliability.md"]
async fn fifty_agents_start_a_thousand_runs_once_each() {
    // However slow the machine, no lease ends before the race does.
    let server = TestServer::start_with(&[
        ("SIGNALBOX_LEASE_SECONDS", "600"),
        ("SIGNALBOX_LOST_AFTER_SECONDS", "600"),
    ]);
    let scene = Scene::set_with(server.client(), FlowSpec::chain("rush", 1).labelled(&["rush"])).await;
    let crowd = Arc::new(Crowd {
        starts: Mutex::default(),
        started: AtomicUsize::new(0),
        begun: Instant::now(),
        tenant_id: scene.tenant_id.clone(),
    });
    let mut processes = JoinSet::new();
    for number in 0..AGENTS {
        let name = |kind: &str| format!("{kind}-{}", number.min(AGENTS - TWINS));
        let chance = |salt: usize| Chance((number * 2 + salt) as u64 + 1);
        let (_, client) = agent(&scene, &name("stock"), &["rush"]).await;
        processes.spawn(stock(Arc::clone(&crowd), client, format!("stock process {number}"), chance(0)));
        let (id, client) = agent(&scene, &name("ours"), &["rush"]).await;
        processes.spawn(ours(Arc::clone(&crowd), client, id, format!("our process {number}"), chance(1)));
    }
    let mut runs = Vec::with_capacity(RUNS);
    while runs.len() < RUNS {
        runs.extend(join_all((0..20).map(|_| scene.flow_run())).await);
    }
    processes.join_all().await;
    let starts = crowd.starts.lock().expect("nobody panics while holding it").clone();
    let twice: Vec<_> = starts.iter().filter(|(_, by)| by.len() != 1).collect();
    assert!(twice.is_empty(), "started more than once: {twice:?}");
    let left: Vec<_> = runs.iter().filter(|run| !starts.contains_key(*run)).collect();
    assert!(left.is_empty(), "{} runs were never started, e.g. {:?}", left.len(), left.first());
    let count =
        |filter: &str| format!("{{ flow_run_aggregate(where: {filter}) {{ aggregate {{ count }} }} }}");
    let submitted = "{state: {_eq: \"Submitted\"}, version: {_eq: 2}, agent_id: {_is_null: false}}";
    let stored = scene.client.query(&count(submitted)).await;
    assert_eq!(stored["flow_run_aggregate"]["aggregate"]["count"], RUNS);
    let kinds = |kind: &str| starts.values().filter(|by| by[0].starts_with(kind)).count();
    assert!(kinds("stock") > 0 && kinds("our") > 0, "only one kind took part");
    eprintln!("{} by stock agents, {} by ours, in {:?}", kinds("stock"), kinds("our"), crowd.begun.elapsed());
}

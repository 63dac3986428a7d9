//! What a server costs its database when nothing happens.

use super::{agent, answer, ask, claim};
use futures_util::future::{join_all, select_all};
use serde_json::json;
use signalbox_backing::Backing;
use signalbox_tests::http::Connection;
use signalbox_tests::{Client, Scene, TestServer, Wiretap};
use std::sync::Arc;
use std::time::{Duration, Instant};

const AGENTS: usize = 1000;
/// How long each poll waits.
const WAIT: Duration = Duration::from_secs(25);
/// As long as a tick, so that one is counted, whenever it begins.
const WINDOW: Duration = Duration::from_secs(10);

/// Counted on the wire to PostgreSQL, from when all agents wait until before the first one is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_waiting_agents_cost_less_than_a_statement_a_second() {
    let backing = Arc::new(Backing::postgres());
    let url = backing.database_url();
    let (head, rest) = url.split_once('@').expect("the URL says who");
    let (target, name) = rest.split_once('/').expect("the URL names a database");
    let tap = Wiretap::on(target.parse().expect("the URL has an address")).await;
    let tapped = format!("{head}@{}/{name}", tap.address());
    // Hints by PostgreSQL, too: that costs it more than Redis would.
    let variables = [("SIGNALBOX_DATABASE_URL", tapped.as_str()), ("SIGNALBOX_REDIS_URL", "")];
    let server = TestServer::start_on(Arc::clone(&backing), &variables);
    let client = server.client();
    let scene = Scene::set(client.clone(), 1).await;
    let mut agents = Vec::with_capacity(AGENTS);
    for number in 0..AGENTS {
        agents.push(agent(&client, &format!("agent {number}")).await);
    }

    let since = Instant::now();
    let waiting = park(&client, &agents).await;
    let (settled, brackets) = (settle(&tap).await, tap.brackets());
    println!("it took {:?} to have them wait", since.elapsed());
    assert!(since.elapsed() + WINDOW < WAIT, "it took {:?} to have them wait", since.elapsed());
    tokio::time::sleep(WINDOW).await;
    let statements = tap.statements() - settled;
    let brackets = tap.brackets() - brackets;
    println!("{AGENTS} agents waiting: {statements} statements, {brackets} begins and ends in {WINDOW:?}");
    assert!(statements <= WINDOW.as_secs(), "{statements} statements in {WINDOW:?}");
    assert!(waiting.iter().all(Connection::is_silent), "a poll ended before its time");

    // They do wait: a run goes to one of them, and it costs a few statements for all, not a few for each.
    let before = tap.statements();
    let run = scene.flow_run().await;
    let answers =
        waiting.into_iter().map(|mut connection| Box::pin(async move { answer(&mut connection).await }));
    let (first, _, _) = select_all(answers).await;
    assert_eq!(first["claim_flow_runs"]["runs"][0]["flow_run_id"], json!(run));
    let statements = settle(&tap).await - before;
    println!("one run for one of {AGENTS} agents: {statements} statements");
    assert!(statements < 100, "{statements} statements for one run");
}

/// Opens a poll for each agent, and returns when all have begun.
async fn park(client: &Client, agents: &[String]) -> Vec<Connection> {
    let wait = u32::try_from(WAIT.as_millis()).expect("a poll is short");
    let bodies = agents.iter().zip(1..).map(|(agent, question)| claim(agent, question, wait, &json!([])));
    let bodies: Vec<Vec<u8>> = bodies.collect();
    let waiting = join_all(bodies.iter().map(|body| ask(client, body))).await;
    let noted = "{ agent_aggregate(where: {last_queried: {_is_null: false}}) { aggregate { count } } }";
    while client.query(noted).await["agent_aggregate"]["aggregate"]["count"] != json!(agents.len()) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    waiting
}

/// Waits until nothing more is executed; how many statements there were by then.
async fn settle(tap: &Wiretap) -> u64 {
    let mut before = tap.statements();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = tap.statements();
        if now == before {
            return now;
        }
        before = now;
    }
}

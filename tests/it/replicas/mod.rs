//! Two replicas: what happens on one is known on the other, at once while hints cross and by the tick when they do not;
//! and either may be killed.

mod crash;
mod hints;
mod idle;
mod keys;
mod readme;
mod scheduler;

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::http::{Connection, post};
use signalbox_tests::{Client, Replicas};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Longer than the tick of an open poll, with room for a slow machine.
const TICK_AND_MORE: Duration = Duration::from_secs(20);

/// Registers an agent of the client's tenant.
async fn agent(client: &Client, name: &str) -> String {
    let tenant = id(&client.query("{ tenant { id } }").await["tenant"][0]);
    let input = json!({"type": "LocalAgent", "name": name, "labels": [], "tenant_id": tenant});
    id(&client.mutate("register_agent", input, "id").await)
}

/// The body of an agent's question.
fn claim(agent: &str, question: u128, wait_ms: u32, held: &Value) -> Vec<u8> {
    let document = "mutation($input: claim_flow_runs_input!) { claim_flow_runs(input: $input) {
        runs { flow_run_id lease_token } directives { flow_run_id action } lease_seconds } }";
    let question = format!("{question:032x}");
    let input = json!({
        "agent_id": agent, "labels": [], "slots": 8, "wait_ms": wait_ms, "held": held, "claim_id": question,
    });
    json!({"query": document, "variables": {"input": input}}).to_string().into_bytes()
}

/// What `/readyz` says of hints.
async fn hints(address: SocketAddr) -> Option<String> {
    let mut connection = Connection::try_open(address).await?;
    connection.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let answer = connection.receive().await?;
    assert_eq!(answer.status, 200, "a server whose hints do not cross is ready all the same");
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body["checks"]["hints"].as_str().map(str::to_owned)
}

/// Waits until every replica says this of its hints.
async fn until_hints(replicas: &Replicas, wanted: &str) {
    for server in &replicas.servers {
        let deadline = Instant::now() + Duration::from_secs(30);
        while hints(server.address()).await.as_deref() != Some(wanted) {
            assert!(Instant::now() < deadline, "hints are not \"{wanted}\" at {}", server.address());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Opens a question on a connection of its own, so that it is there before anything else is done.
async fn ask(client: &Client, body: &[u8]) -> Connection {
    let mut connection = Connection::open(client.address()).await;
    assert!(connection.send(&post("/graphql", client.headers(), body)).await);
    connection
}

/// The data of the answer that comes on this connection.
async fn answer(connection: &mut Connection) -> Value {
    let answer = connection.receive().await.expect("the server answers");
    let body: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    assert!(body.get("errors").is_none(), "unexpected: {body}");
    body["data"].clone()
}

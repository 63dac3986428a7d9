//! Error codes: what `schema/errors.md` promises is what there is, and what the server sends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use signalbox_schema::ErrorCode;
use signalbox_tests::binary::workspace;
use signalbox_tests::client::id;
use signalbox_tests::flow::{state, submitted};
use signalbox_tests::{Reply, Scene, TestServer, scene};

use crate::uncovered::assert_list_is;

const UNPROVOKED: &str = include_str!("errors_unprovoked.txt");

/// The rows of the page: each code, and whether it says "yes" to a retry.
fn documented() -> BTreeMap<String, bool> {
    let page =
        std::fs::read_to_string(workspace().join("schema/errors.md")).expect("schema/errors.md is committed");
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            let code = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
            assert!(
                cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()),
                "{code} is not fully explained"
            );
            Some((code.to_owned(), cells[2] == "yes"))
        })
        .collect()
}

#[test]
fn the_page_and_the_codes_are_the_same() {
    let codes: BTreeMap<String, bool> =
        ErrorCode::ALL.iter().map(|code| (code.as_str().to_owned(), code.is_retryable())).collect();
    assert_eq!(
        documented(),
        codes,
        "schema/errors.md (left) says other than the codes (right), or says it twice"
    );
}

/// What the server sent, by code.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    /// Notes an answer that must have this code, as the page explains it.
    fn note(&mut self, reply: &Reply, expected: &str) {
        assert_eq!(reply.code(), Some(expected), "{} {}", reply.status, reply.body);
        let code = ErrorCode::parse(expected).expect("only known codes are sent");
        let extensions = &reply.body["errors"][0]["extensions"];
        assert_eq!(extensions["retryable"], json!(code.is_retryable()), "{}", reply.body);
        self.0.insert(expected.to_owned());
    }
}

#[tokio::test]
async fn the_server_sends_what_the_page_explains() {
    let server = TestServer::start_with(&[("SIGNALBOX_MAX_TENANT_CONNECTIONS", "1")]);
    let scene = Scene::set(server.client(), 1).await;
    let client = &scene.client;
    let mut seen = Seen::default();
    let lines = |key: &str| {
        format!("{key}: log(limit: 100000) {{ id message level name timestamp created flow_run_id }}")
    };
    let expensive = format!("{{ {} }}", ["a", "b", "c", "d", "e", "f", "g", "h"].map(lines).join(" "));
    for (document, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ flow(where: {id: {_eq: \"x\"}}) { id } }", "INVALID_INPUT"),
        (&expensive, "LIMIT_REACHED"),
    ] {
        seen.note(&client.graphql(document, Value::Null).await, code);
    }
    seen.note(&client.post(b"nonsense").await, "BAD_REQUEST");
    seen.note(&client.post(&vec![b' '; 17 << 20]).await, "PAYLOAD_TOO_LARGE");
    let project = json!({"name": "stage", "tenant_id": scene.tenant_id});
    seen.note(&client.try_mutate("create_project", project, "id").await, "ALREADY_EXISTS");
    let nowhere = json!({"flow_run_id": "00000000-0000-4000-8000-000000000000"});
    seen.note(&client.try_mutate("cancel_flow_run", nowhere, "state").await, "NOT_FOUND");
    seen.note(
        &server.client_with_key("sbx_nobody").graphql("{ hello }", Value::Null).await,
        "UNAUTHENTICATED",
    );
    let viewer = server.client_with_key(&scene::key(client, &scene.tenant_id, "viewer").await);
    let project = json!({"name": "other", "tenant_id": scene.tenant_id});
    seen.note(&viewer.try_mutate("create_project", project, "id").await, "FORBIDDEN");
    let run = scene.flow_run().await;
    let agent = async |name: &str| -> String {
        let input = json!({"tenant_id": scene.tenant_id, "type": "LocalAgent", "name": name, "labels": []});
        id(&client.mutate("register_agent", input, "id").await)
    };
    let (one, other) = (agent("one").await, agent("other").await);
    let submit = async |agent: &str| {
        let client = client.with_header(format!("X-PREFECT-AGENT-ID: {agent}"));
        let input = json!({"states": [{"flow_run_id": run, "version": null, "state": submitted()}]});
        client.try_mutate("set_flow_run_states", input, "states { id }").await
    };
    submit(&one).await.data();
    seen.note(&submit(&other).await, "CONFLICT");
    let token = "00000000-0000-4000-8000-000000000000";
    let lost =
        json!({"states": [{"flow_run_id": run, "lease_token": token, "state": state("Running", "x")}]});
    seen.note(&client.try_mutate("set_flow_run_states", lost, "states { id }").await, "LEASE_LOST");
    // The tenant's only place is taken by an agent that waits for work.
    let input = json!({"agent_id": one, "labels": ["nobody"], "slots": 1, "wait_ms": 4_000, "held": []});
    let waiting = client.try_mutate("claim_flow_runs", input, "runs { flow_run_id }");
    let other = async {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(4);
        loop {
            let reply = client.graphql("{ hello }", Value::Null).await;
            if reply.status == 429 || tokio::time::Instant::now() > deadline {
                return reply;
            }
        }
    };
    let (waited, crowded) = tokio::join!(waiting, other);
    assert!(waited.code().is_none(), "{}", waited.body);
    assert_eq!(crowded.status, 429);
    seen.note(&crowded, "TOO_MANY_REQUESTS");
    let unprovoked = documented().into_keys().filter(|code| !seen.0.contains(code)).collect();
    assert_list_is(UNPROVOKED, &unprovoked, "tests/it/contract/errors_unprovoked.txt");
}

//! A key that was revoked on one replica works on no other.

use super::{agent, answer, ask, claim, until_hints};
use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::{Client, Replicas, scene};
use std::time::{Duration, Instant};

/// How long a key is believed when hints do not cross: five seconds, with room for a slow machine.
const BELIEVED: Duration = Duration::from_secs(9);
const AT_ONCE: Duration = Duration::from_secs(2);

struct Key {
    id: String,
    here: Client,
    there: Client,
}

/// A new key, known to both replicas.
async fn key(replicas: &Replicas) -> Key {
    let (one, two) = (&replicas.servers[0], &replicas.servers[1]);
    let tenant = id(&one.client().query("{ tenant { id } }").await["tenant"][0]);
    let secret = scene::key(&one.client(), &tenant, "admin").await;
    let (here, there) = (one.client_with_key(&secret), two.client_with_key(&secret));
    let list = "{ api_key(order_by: {created: desc}, limit: 1) { id } }";
    let id = id(&here.query(list).await["api_key"][0]);
    there.query("{ hello }").await;
    Key { id, here, there }
}

async fn revoke(replicas: &Replicas, key: &Key) {
    let input = json!({"key_id": key.id});
    let done = replicas.servers[0].client().mutate("delete_api_key", input, "success").await;
    assert_eq!(done["success"], json!(true));
    // Where it was revoked, at once.
    let refused = key.here.graphql("{ hello }", Value::Null).await;
    assert_eq!(refused.code(), Some("UNAUTHENTICATED"), "{}", refused.body);
}

/// How long the key goes on to work on the other replica. It is used all the time, so nothing falls by being idle.
async fn works_for(key: &Key) -> Duration {
    let since = Instant::now();
    loop {
        let reply = key.there.graphql("{ hello }", Value::Null).await;
        if reply.code() == Some("UNAUTHENTICATED") {
            return since.elapsed();
        }
        reply.data();
        assert!(since.elapsed() < BELIEVED, "a revoked key still works");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_revoked_key_stops_working_everywhere() {
    let mut replicas = Replicas::by_redis().await;
    until_hints(&replicas, "ok").await;
    let revoked = key(&replicas).await;
    revoke(&replicas, &revoked).await;
    let took = works_for(&revoked).await;
    println!("a key that was revoked on the other replica worked for {took:?}");
    assert!(took < AT_ONCE, "{took:?}");

    let revoked = key(&replicas).await;
    replicas.redis.as_mut().expect("there is one").kill();
    until_hints(&replicas, "lost").await;
    revoked.there.query("{ hello }").await;
    revoke(&replicas, &revoked).await;
    let took = works_for(&revoked).await;
    println!("without Redis for {took:?}");
}

#[tokio::test]
async fn an_open_poll_does_not_outlive_its_key() {
    let replicas = Replicas::by_redis().await;
    until_hints(&replicas, "ok").await;
    let key = key(&replicas).await;
    let agent = agent(&key.there, "soon without a key").await;
    let mut waiting = ask(&key.there, &claim(&agent, 1, 25_000, &json!([]))).await;
    // The poll has begun when it is noted.
    let noted = format!("{{ agent_by_pk(id: \"{agent}\") {{ last_queried }} }}");
    while key.here.query(&noted).await["agent_by_pk"]["last_queried"].is_null() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let since = Instant::now();
    revoke(&replicas, &key).await;
    let claimed = answer(&mut waiting).await;
    assert_eq!(claimed["claim_flow_runs"]["runs"], json!([]));
    assert!(since.elapsed() < AT_ONCE * 2, "the poll went on for {:?}", since.elapsed());
    let again = key.there.post(&claim(&agent, 1, 25_000, &json!([]))).await;
    assert_eq!(again.code(), Some("UNAUTHENTICATED"), "{}", again.body);
}

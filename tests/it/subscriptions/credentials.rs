//! Keys: looked at in the beginning, and again when they end.

use serde_json::{Value, json};
use signalbox_tests::client::id;
use signalbox_tests::events::{Event, Events};
use signalbox_tests::socket::{LEGACY, Socket, TRANSPORT};
use signalbox_tests::{Client, TestServer, scene};

const TENANT: &str = "subscription { tenant { slug } }";

#[tokio::test]
async fn a_key_opens_its_tenant_and_a_bad_one_nothing() {
    let server = TestServer::start();
    let (tenant, _) = scene::tenant(&server.client(), "keyed").await;
    let key = scene::key(&server.client(), &tenant, "viewer").await;
    let mut socket = Socket::ready(server.address(), TRANSPORT, Some(&key)).await;
    socket.subscribe("1", TENANT, Value::Null).await;
    assert_eq!(socket.data("1").await["tenant"], json!([{"slug": "keyed"}]));
    for protocol in [TRANSPORT, LEGACY] {
        let mut socket = Socket::open(server.address(), protocol).await;
        socket.send(json!({"type": "connection_init", "payload": {"authToken": "sbx_wrong"}})).await;
        assert_eq!(socket.close_code().await, 4403);
    }
    let bearer = format!("Bearer {key}");
    let headers = [("sec-websocket-protocol", TRANSPORT), ("authorization", bearer.as_str())];
    let mut socket = Socket::try_open(server.address(), &headers).await.expect("the key is good");
    socket.send(json!({"type": "connection_init"})).await;
    socket.receive().await;
    socket.subscribe("1", TENANT, Value::Null).await;
    assert_eq!(socket.data("1").await["tenant"], json!([{"slug": "keyed"}]));
    let headers = [("sec-websocket-protocol", TRANSPORT), ("authorization", "Bearer sbx_wrong")];
    assert!(Socket::try_open(server.address(), &headers).await.is_err());
}

#[tokio::test]
async fn a_revoked_key_ends_what_it_opened() {
    let server = TestServer::start();
    let (tenant, admin) = scene::tenant(&server.client(), "keyed").await;
    let input = json!({"name": "short", "role": "viewer", "tenant_id": tenant, "expires_at": null});
    let made = admin.mutate("create_api_key", input, "id key").await;
    let key = made["key"].as_str().expect("a new key is shown once");
    let mut socket = Socket::ready(server.address(), TRANSPORT, Some(key)).await;
    socket.subscribe("1", TENANT, Value::Null).await;
    socket.data("1").await;
    let mut events =
        Events::post(&Client::new(server.address(), Some(key.to_owned())), TENANT, Value::Null).await;
    assert!(matches!(events.next().await, Event::Next(_)));
    admin.mutate("delete_api_key", json!({"key_id": id(&made)}), "success").await;
    assert_eq!(socket.close_code().await, 4401);
    let Event::Next(last) = events.next().await else { panic!("no last word") };
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    assert_eq!(events.next().await, Event::Complete);
}

#[tokio::test]
async fn a_tenant_that_is_deleted_ends_what_was_open_in_it() {
    let server = TestServer::start();
    let (tenant, admin) = scene::tenant(&server.client(), "doomed").await;
    let key = scene::key(&server.client(), &tenant, "viewer").await;
    let mut keyed = Socket::ready(server.address(), TRANSPORT, Some(&key)).await;
    let mut local = Socket::open(server.address(), TRANSPORT).await;
    let payload = json!({"x-prefect-tenant-id": tenant});
    local.send(json!({"type": "connection_init", "payload": payload})).await;
    local.receive().await;
    admin.mutate("delete_tenant", json!({"tenant_id": tenant}), "success").await;
    assert_eq!(keyed.close_code().await, 4401);
    assert_eq!(local.close_code().await, 4401);
}

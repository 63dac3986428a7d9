//! No subscription shows rows of another tenant, whatever it is asked for. The universe is the schema's.

use serde_json::{Value, json};
use signalbox_tests::TestServer;
use signalbox_tests::dump::Dump;
use signalbox_tests::furnishing::Furnished;
use signalbox_tests::introspection::Schema;
use signalbox_tests::scene;
use signalbox_tests::socket::{Frame, Socket, TRANSPORT};
use std::time::Duration;

#[tokio::test]
async fn a_subscription_tells_nothing_of_another_tenant() {
    let server = TestServer::start();
    let schema = Schema::of(&server.client()).await;
    let owner = Furnished::tenant(&server.client(), &schema, "owner").await;
    let (tenant, _) = scene::tenant(&server.client(), "stranger").await;
    let key = scene::key(&server.client(), &tenant, "viewer").await;
    let theirs = Dump::of(&owner.admin, &schema).await;
    let samples = owner.samples();
    let fields = schema.subscriptions();
    assert!(fields.len() > 60, "only {} subscriptions were found", fields.len());
    let mut socket = Socket::ready(server.address(), TRANSPORT, Some(&key)).await;
    for field in fields {
        let (document, variables) = samples.operation(&schema, "subscription", field);
        socket.subscribe("1", &document, variables).await;
        // A stream without items says nothing.
        while let Some(Frame::Message(message)) = socket.receive_within(Duration::from_millis(300)).await {
            let shown = message["payload"]["data"].to_string();
            let foreign: Vec<&str> = theirs.all_ids().filter(|id| shown.contains(*id)).collect();
            assert!(foreign.is_empty(), "{document} shows {foreign:?}: {message}");
            if message["type"] != "next" {
                break;
            }
        }
        socket.send(json!({"type": "complete", "id": "1"})).await;
        socket.subscribe("between", "{ hello }", Value::Null).await;
        while !matches!(socket.receive().await, Frame::Message(message)
            if message["id"] == "between" && message["type"] == "complete")
        {}
    }
}

//! Input that no proper client sends. Each piece gets a clear error with a code, none a server error; afterwards the
//! server still answers and nothing was stored.

mod bodies;
mod corpus;
mod documents;
mod injection;
mod positions;
mod registration;
mod states;
mod wire;

use serde_json::json;
use signalbox_tests::dump::Dump;
use signalbox_tests::introspection::Schema;
use signalbox_tests::{Reply, Scene, TestServer};

/// A server with something to lose.
struct Siege {
    server: TestServer,
    scene: Scene,
    schema: Schema,
    before: Dump,
}

impl Siege {
    async fn begin() -> Self {
        let server = TestServer::start();
        let scene = Scene::set(server.client(), 3).await;
        let flow_run = scene.running_flow_run().await;
        let line =
            json!({"logs": [{"flow_run_id": flow_run, "message": "before", "level": "INFO", "name": "x"}]});
        scene.client.mutate("write_run_logs", line, "success").await;
        let schema = Schema::of(&scene.client).await;
        let before = Dump::of(&scene.client, &schema).await;
        Self { server, scene, schema, before }
    }

    /// Checks that the server answers and holds what it held before, no more and no less.
    async fn assert_unharmed(&self, by_what: &str) {
        self.scene.client.query("{ hello }").await;
        Dump::of(&self.scene.client, &self.schema).await.assert_same_as(&self.before, by_what);
    }

    /// Sends a mutation that must be refused.
    async fn refused(&self, mutation: &str, input: serde_json::Value, selection: &str) -> Reply {
        let reply = self.scene.client.try_mutate(mutation, input, selection).await;
        reply.assert_refused();
        reply
    }
}

/// Checks that an answer, whatever it says, does not blame the server.
fn assert_no_server_error(reply: &Reply, to_what: &str) {
    assert!(reply.status < 500, "{to_what} was answered {} {}", reply.status, reply.body);
    let blamed = matches!(reply.code(), Some("INTERNAL" | "API_ERROR"));
    assert!(!blamed, "{to_what} was blamed on the server: {}", reply.body);
}

/// The start of a text, for messages of failed tests.
fn brief(text: &str) -> String {
    text.chars().take(120).collect()
}

//! Subscriptions through the front door: both WebSocket protocols and server-sent events.

mod credentials;
mod live;
mod protocol;
mod readers;
mod streams;
mod tenants;

use serde_json::{Value, json};
use signalbox_tests::Client;

/// Writes log lines of a run.
async fn write_lines(client: &Client, run: &str, lines: &[(&str, &str)]) {
    let logs: Vec<Value> = lines
        .iter()
        .map(|(time, message)| {
            json!({"flow_run_id": run, "timestamp": time, "message": message, "level": "INFO", "name": "guard"})
        })
        .collect();
    client.mutate("write_run_logs", json!({"logs": logs}), "success").await;
}

/// The texts of one field of the items of a message.
fn texts(items: &Value, field: &str) -> Vec<String> {
    let text = |item: &Value| item[field].as_str().unwrap_or_default().to_owned();
    items.as_array().expect("a message of a stream is a list").iter().map(text).collect()
}

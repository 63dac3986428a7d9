//! Run configs: where and how a run executes. To the server they are opaque but for two fields.

use serde_json::Value;

/// The `type` of a run config, e.g. `UniversalRun` or `DockerRun`.
pub fn kind(run_config: &Value) -> Option<&str> {
    run_config.get("type").and_then(Value::as_str)
}

/// The labels a run config asks for; `None` when it says nothing of labels.
pub fn labels(run_config: &Value) -> Option<Vec<String>> {
    let labels = run_config.get("labels")?.as_array()?;
    Some(labels.iter().filter_map(|label| label.as_str().map(str::to_owned)).collect())
}

//! Serialized flows as Prefect's library writes them, and the states of their runs. Pure JSON, no requests.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A flow to register.
#[derive(Debug, Clone)]
pub struct FlowSpec {
    /// Its name.
    pub name: String,
    /// The slugs of its tasks, in order.
    pub tasks: Vec<String>,
    /// Pairs of upstream and downstream slugs.
    pub edges: Vec<(String, String)>,
    /// The labels of its run config.
    pub labels: Vec<String>,
    /// Its parameters, as the library serializes them.
    pub parameters: Vec<Value>,
    /// Its schedule, as the library serializes it.
    pub schedule: Value,
}

impl FlowSpec {
    /// A flow of `tasks` tasks `step-1`, `step-2` … that follow each other.
    pub fn chain(name: &str, tasks: usize) -> Self {
        let slugs: Vec<String> = (1..=tasks).map(|number| format!("step-{number}")).collect();
        let edges = slugs.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        Self {
            name: name.to_owned(),
            tasks: slugs,
            edges,
            labels: Vec::new(),
            parameters: Vec::new(),
            schedule: Value::Null,
        }
    }

    /// The same flow with labels.
    #[must_use]
    pub fn labelled(mut self, labels: &[&str]) -> Self {
        self.labels = labels.iter().map(|&label| label.to_owned()).collect();
        self
    }

    /// The same, packed for `create_flow_from_compressed_string`.
    pub fn compressed(&self) -> String {
        compressed(&self.serialized().to_string())
    }

    /// The whole flow with tasks and edges inside, as `prefect register` sends it.
    pub fn serialized(&self) -> Value {
        let tasks: Vec<Value> = self.tasks.iter().map(|slug| task(slug)).collect();
        let edges: Vec<Value> = self.edges.iter().map(|(up, down)| edge(up, down)).collect();
        json!({
            "name": self.name, "type": "prefect.core.flow.Flow", "schedule": self.schedule,
            "parameters": self.parameters, "tasks": tasks, "edges": edges, "reference_tasks": [],
            "run_config": {"type": "UniversalRun", "env": null, "labels": self.labels, "__version__": "1.4.1"},
            "storage": {"type": "Local", "flows": {self.name.clone(): "/flows/test"}, "secrets": [], "__version__": "1.4.1"},
            "__version__": "1.4.1",
        })
    }
}

/// JSON text as `create_flow_from_compressed_string` takes it: gzip, then base64.
///
/// # Panics
/// Never: compressing into memory does not fail.
pub fn compressed(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("writing into memory");
    STANDARD.encode(encoder.finish().expect("writing into memory"))
}

/// A task as the library serializes it.
pub fn task(slug: &str) -> Value {
    json!({
        "type": "prefect.tasks.core.function.FunctionTask", "name": slug, "slug": slug, "tags": [], "max_retries": 0,
        "retry_delay": null, "inputs": {}, "outputs": "typing.Any", "timeout": null,
        "trigger": {"fn": "prefect.triggers.all_successful", "kwargs": {}}, "skip_on_upstream_skip": true,
        "cache_for": null, "cache_key": null,
        "cache_validator": {"fn": "prefect.engine.cache_validators.never_use", "kwargs": {}},
        "auto_generated": false, "__version__": "1.4.1",
    })
}

/// An edge as the library serializes it.
pub fn edge(upstream: &str, downstream: &str) -> Value {
    json!({
        "upstream_task": {"slug": upstream, "__version__": "1.4.1"},
        "downstream_task": {"slug": downstream, "__version__": "1.4.1"},
        "key": "x", "mapped": false, "flattened": false, "__version__": "1.4.1",
    })
}

/// A state without anything special, as the library serializes it.
pub fn state(kind: &str, message: &str) -> Value {
    json!({
        "type": kind, "message": message, "context": {}, "cached_inputs": {},
        "_result": {"type": "NoResultType", "__version__": "1.4.1"}, "__version__": "1.4.1",
    })
}

/// `Submitted` around a scheduled state, as agents send it.
pub fn submitted() -> Value {
    json!({
        "type": "Submitted", "message": "Submitted for execution", "state": state("Scheduled", "Flow run scheduled."),
        "context": {}, "cached_inputs": {}, "_result": {"type": "NoResultType"}, "__version__": "1.4.1",
    })
}

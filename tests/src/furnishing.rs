//! A tenant that has at least one of everything, and sample values that fit every mutation: what lets a test walk
//! over all root fields of the schema without naming them.

use serde_json::{Value, json};

use crate::client::{Client, id};
use crate::flow::{FlowSpec, state};
use crate::introspection::{Samples, Schema};
use crate::scene::{self, Scene};

/// A tenant with a row in as many tables as clients can write to.
#[derive(Debug)]
pub struct Furnished {
    /// The tenant's admin.
    pub admin: Client,
    /// The project and flow.
    pub scene: Scene,
    /// What stands for every argument and input field that is not just any value.
    samples: Vec<(&'static str, Value)>,
}

/// Rows that a single mutation makes: its name, its input, and the input fields its id stands for.
fn makers(
    tenant_id: &str,
    flow_group_id: &str,
    task_run_id: &str,
) -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        (
            "register_agent",
            json!({"type": "LocalAgent", "name": "signalman", "labels": ["stage"], "tenant_id": tenant_id}),
            &["agent_id"],
        ),
        (
            "create_task_run_artifact",
            json!({"task_run_id": task_run_id, "kind": "markdown", "data": {"markdown": "# Log"}, "tenant_id": null}),
            &["task_run_artifact_id"],
        ),
        (
            "create_agent_config",
            json!({"tenant_id": tenant_id, "name": "config", "settings": {}}),
            &["agent_config_id"],
        ),
        ("set_key_value", json!({"key": "signal", "value": {"lamp": "green"}}), &["key_value_id"]),
        ("update_task_tag_limit", json!({"tag": "track", "limit": 3}), &["limit_id"]),
        // The run that is under way holds a slot of it from the beginning.
        ("update_flow_concurrency_limit", json!({"label": "stage", "limit": 9}), &[]),
        (
            "create_cloud_hook",
            json!({"type": "WEBHOOK", "name": "hook", "config": {"url": "http://127.0.0.1:9/"}, "states": ["Failed"],
                   "version_group_id": flow_group_id}),
            &["cloud_hook_id"],
        ),
    ]
}

impl Furnished {
    /// Makes a tenant with this slug and furnishes it.
    ///
    /// # Panics
    /// When the server refuses any of it.
    pub async fn tenant(operator: &Client, schema: &Schema, slug: &str) -> Self {
        let (tenant_id, admin) = scene::tenant(operator, slug).await;
        let mut spec = FlowSpec::chain("play", 3).labelled(&["stage"]);
        spec.schedule = weekly();
        let scene = Scene::set_with(admin.clone(), spec).await;
        assert_eq!(scene.tenant_id, tenant_id, "a key sees its own tenant first");
        scene.flow_run().await;
        let flow_run = scene.running_flow_run().await;
        let task_run = scene.task_runs(&flow_run).await.remove(0);
        let log = json!({"logs": [{"flow_run_id": flow_run, "level": "INFO", "message": "All aboard", "name": "guard",
                                   "timestamp": "2026-01-01T00:00:00+00:00", "task_run_id": task_run}]});
        admin.mutate("write_run_logs", log, "success").await;
        let key = json!({"name": "spare", "role": "viewer", "tenant_id": tenant_id, "expires_at": null});
        let key = id(&admin.mutate("create_api_key", key, "id").await);
        let version_group = version_group_of(&admin, &scene.flow_id).await;
        let mut furnished = Self { admin, samples: Vec::new(), scene };
        furnished.samples = furnished.plain_samples(&flow_run, &task_run, &version_group);
        furnished.samples.push(("key_id", json!(key)));
        for (name, input, fields) in makers(&tenant_id, &furnished.scene.flow_group_id, &task_run) {
            if schema.mutations().iter().any(|mutation| mutation.name == name) {
                let made = id(&furnished.admin.mutate(name, input, "id").await);
                furnished.samples.extend(fields.iter().map(|&field| (field, json!(made))));
            }
        }
        furnished
    }

    /// Values for arguments and input fields, by name: this tenant's ids, and texts the server accepts.
    pub fn samples(&self) -> Samples {
        self.samples
            .iter()
            .fold(Samples::default(), |samples, (name, value)| samples.with(name, value.clone()))
    }

    /// The sample for one name.
    pub fn sample(&self, name: &str) -> Option<&Value> {
        self.samples.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn plain_samples(
        &self,
        flow_run: &str,
        task_run: &str,
        version_group: &str,
    ) -> Vec<(&'static str, Value)> {
        let scene = &self.scene;
        let spec = FlowSpec::chain("encore", 2);
        vec![
            ("tenant_id", json!(scene.tenant_id)),
            ("project_id", json!(scene.project_id)),
            ("flow_id", json!(scene.flow_id)),
            ("flow_group_id", json!(scene.flow_group_id)),
            ("version_group_id", json!(version_group)),
            ("flow_run_id", json!(flow_run)),
            ("task_run_id", json!(task_run)),
            ("task_id", json!(scene.task_ids[0])),
            ("map_index", json!(0)),
            ("serialized_flow", spec.serialized()),
            ("serialized_flow@String", json!(spec.compressed())),
            ("serialized_tasks", json!([crate::flow::task("step-9")])),
            ("serialized_edges", json!([crate::flow::edge("step-1", "step-3")])),
            ("idempotency_key", json!("5e2a3b1cafe54f0b8d4f00dd00aa11bb")),
            ("state", state("Failed", "Signal passed at danger.")),
            ("name", json!("a name")),
            ("slug", json!("a-slug")),
            ("role", json!("viewer")),
            ("type", json!("LocalAgent")),
            ("kind", json!("markdown")),
            ("data", json!({"markdown": "# Notes"})),
            ("labels", json!(["stage"])),
            ("settings", json!({"lamp": "amber"})),
            ("default_parameters", json!({"platform": 9})),
            ("config", json!({})),
            ("interval", json!(3600)),
            ("cron", json!("0 6 * * *")),
            ("cron_clocks", json!([{"cron": "0 6 * * *"}])),
            ("timezone", json!("UTC")),
            ("overlap_policy", json!("skip")),
            ("catch_up_seconds", json!(3600)),
            ("jitter_seconds", json!(30)),
            ("note", json!("All clear")),
            ("before", json!("2099-01-01T00:00:00+00:00")),
            ("slots", json!(3)),
            ("wait_ms", json!(0)),
            ("limit", json!(2)),
            ("tag", json!("track")),
            ("key", json!("signal")),
            ("value", json!({"lamp": "red"})),
            ("timestamp", json!("2026-01-01T00:00:01+00:00")),
            ("message", json!("Mind the gap")),
            (
                "run_config",
                json!({"type": "UniversalRun", "env": null, "labels": ["stage"], "__version__": "1.4.1"}),
            ),
            ("description", json!("A description")),
            ("logs_days", json!(30)),
            ("claim_id", json!("5e2a3b1c-afe5-4f0b-8d4f-00dd00aa11bb")),
        ]
    }
}

/// Monday mornings, as the library serializes it.
fn weekly() -> Value {
    let clock = json!({
        "type": "CronClock", "cron": "0 6 * * 1", "day_or": true, "start_date": null, "end_date": null,
        "parameter_defaults": {}, "labels": null, "__version__": "1.4.1",
    });
    json!({"clocks": [clock], "filters": [], "or_filters": [], "not_filters": [], "adjustments": [], "__version__": "1.4.1"})
}

async fn version_group_of(client: &Client, flow_id: &str) -> String {
    let data = client.query(&format!("{{ flow_by_pk(id: \"{flow_id}\") {{ version_group_id }} }}")).await;
    data["flow_by_pk"]["version_group_id"].as_str().expect("every flow has a version group").to_owned()
}

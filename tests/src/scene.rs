//! What tests need to exist, made through the API alone: tenants with keys, projects, flows, runs.

use serde_json::{Value, json};

use crate::client::{Client, id};
use crate::flow::{FlowSpec, state};

/// A tenant's project with one registered flow, seen by one client.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Who acts.
    pub client: Client,
    /// The tenant.
    pub tenant_id: String,
    /// The project.
    pub project_id: String,
    /// The flow.
    pub flow_id: String,
    /// Its group.
    pub flow_group_id: String,
    /// The ids of its tasks, in the order of their slugs.
    pub task_ids: Vec<String>,
}

impl Scene {
    /// A project `stage` with a chain of `tasks` tasks, for the client's tenant.
    ///
    /// # Panics
    /// When the server refuses any of it.
    pub async fn set(client: Client, tasks: usize) -> Self {
        Self::set_with(client, FlowSpec::chain("play", tasks)).await
    }

    /// A project `stage` with this flow.
    ///
    /// # Panics
    /// When the server refuses any of it.
    pub async fn set_with(client: Client, spec: FlowSpec) -> Self {
        let tenant_id = id(&client.query("{ tenant { id } }").await["tenant"][0]);
        let input = json!({"name": "stage", "description": null, "tenant_id": tenant_id});
        let project_id = id(&client.mutate("create_project", input, "id").await);
        let flow_id = register(&client, &project_id, &spec).await;
        let document = format!(
            "{{ flow_by_pk(id: \"{flow_id}\") {{ flow_group_id tasks(order_by: {{ slug: asc }}) {{ id }} }} }}"
        );
        let flow = client.query(&document).await["flow_by_pk"].take();
        let task_ids = flow["tasks"].as_array().expect("tasks is a list").iter().map(id).collect();
        let flow_group_id = flow["flow_group_id"].as_str().expect("every flow has a group").to_owned();
        Self { client, tenant_id, project_id, flow_id, flow_group_id, task_ids }
    }

    /// A new run of the flow.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn flow_run(&self) -> String {
        self.flow_run_with(json!({})).await
    }

    /// A new run of the flow with further input.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn flow_run_with(&self, mut input: Value) -> String {
        input["flow_id"] = json!(self.flow_id);
        id(&self.client.mutate("create_flow_run", input, "id").await)
    }

    /// A new run that is `Running`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn running_flow_run(&self) -> String {
        let flow_run = self.flow_run().await;
        self.set_flow_run_state(&flow_run, state("Running", "Running flow.")).await;
        flow_run
    }

    /// Sets a flow run's state.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn set_flow_run_state(&self, flow_run: &str, state: Value) -> Value {
        let input = json!({"states": [{"flow_run_id": flow_run, "version": null, "state": state}]});
        self.client.mutate("set_flow_run_states", input, "states { id status message }").await
    }

    /// Sets a task run's state.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn set_task_run_state(&self, task_run: &str, state: Value) -> Value {
        let input = json!({"states": [{"task_run_id": task_run, "version": null, "state": state}]});
        self.client.mutate("set_task_run_states", input, "states { id status message }").await
    }

    /// The ids of a flow run's task runs.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn task_runs(&self, flow_run: &str) -> Vec<String> {
        let document =
            format!("{{ task_run(where: {{ flow_run_id: {{ _eq: \"{flow_run}\" }} }}) {{ id }} }}");
        let data = self.client.query(&document).await;
        data["task_run"].as_array().expect("task_run is a list").iter().map(id).collect()
    }
}

/// Registers a flow in one call, as `prefect register` does; returns its id.
///
/// # Panics
/// When the server refuses.
pub async fn register(client: &Client, project_id: &str, spec: &FlowSpec) -> String {
    let input = json!({
        "project_id": project_id, "serialized_flow": spec.serialized(), "set_schedule_active": false,
        "version_group_id": null,
    });
    id(&client.mutate("create_flow", input, "id").await)
}

/// Makes a tenant and an admin key for it; `operator` must be allowed to.
///
/// # Panics
/// When the server refuses.
pub async fn tenant(operator: &Client, slug: &str) -> (String, Client) {
    let tenant_id = id(&operator.mutate("create_tenant", json!({"name": slug, "slug": slug}), "id").await);
    let key = key(operator, &tenant_id, "admin").await;
    (tenant_id, Client::new(operator.address(), Some(key)))
}

/// Makes a key with this role; returns the key itself.
///
/// # Panics
/// When the server refuses.
pub async fn key(operator: &Client, tenant_id: &str, role: &str) -> String {
    let input =
        json!({"name": format!("{role} key"), "role": role, "tenant_id": tenant_id, "expires_at": null});
    let payload = operator.mutate("create_api_key", input, "id key").await;
    payload["key"].as_str().expect("a new key is shown once").to_owned()
}

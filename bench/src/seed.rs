//! What must exist before anything can be measured: a project, flows, runs. Made through the API, like everything.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::{Connection, Request};

/// How many tasks the flow of `create_flow_run` has; they form a chain.
pub const CHAIN_TASKS: usize = 10;
/// How many tasks the flow has whose runs supply `set_task_run_states`; as many as one registration call may carry.
pub const WIDE_TASKS: usize = 500;

/// A patient caller for preparation: one request at a time, answers parsed.
#[derive(Debug)]
pub struct Api {
    target: SocketAddr,
    connection: Connection,
}

/// A flow that was registered.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its id.
    pub id: String,
    /// The ids of its tasks.
    pub tasks: Vec<String>,
}

/// The things all scenarios share.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where the server answers.
    pub target: SocketAddr,
    /// The tenant everything is in.
    pub tenant_id: String,
    /// A chain of [`CHAIN_TASKS`] tasks.
    pub chain: Flow,
    /// [`WIDE_TASKS`] tasks without edges.
    pub wide: Flow,
    /// One task.
    pub single: Flow,
    /// How many callers there are.
    pub callers: u16,
    /// How long they will call, warm-up included.
    pub seconds: u64,
}

impl Api {
    /// A caller of the server at `target`.
    pub fn at(target: SocketAddr) -> Self {
        Self { target, connection: Connection::to(target) }
    }

    /// Sends one operation and returns its `data`; any error in the answer is an error here.
    pub async fn call(&mut self, document: &str, variables: &Value) -> Result<Value> {
        let request = Request::graphql(self.target, &[], document, variables);
        let answer = self.connection.exchange(request.bytes()).await?;
        if !answer.is_success() {
            bail!("{document}\nwas answered {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        let mut parsed: Value = serde_json::from_slice(answer.body).context("an answer that is not JSON")?;
        Ok(parsed["data"].take())
    }

    /// A mutation with one `$input`, by Prefect's naming rule; returns its payload.
    pub async fn mutate(&mut self, name: &str, input: Value, selection: &str) -> Result<Value> {
        let document =
            format!("mutation($input: {name}_input!) {{ {name}(input: $input) {{ {selection} }} }}");
        let mut data = self.call(&document, &json!({ "input": input })).await?;
        Ok(data[name].take())
    }

    /// A run of the flow with the further input given.
    pub async fn create_flow_run(&mut self, flow: &Flow, further: Value) -> Result<String> {
        let mut input = further;
        input["flow_id"] = json!(flow.id);
        id_of(&self.mutate("create_flow_run", input, "id").await?)
    }

    /// Makes a run `Running`, which its task runs need before they may run.
    pub async fn set_running(&mut self, flow_run: &str) -> Result<()> {
        let state = state("Running", "Running flow.");
        let input = json!({"states": [{"flow_run_id": flow_run, "version": null, "state": state}]});
        self.mutate("set_flow_run_states", input, "states { id status message }").await.map(|_| ())
    }

    /// A project of its own for this measurement, and the flows in it.
    pub async fn prepare(&mut self, callers: u16, seconds: u64) -> Result<Stage> {
        let tenant_id = id_of(&self.call("query { tenant { id } }", &Value::Null).await?["tenant"][0])?;
        let name = format!("bench-{}", nanoseconds_now());
        let input = json!({"name": name, "description": null, "tenant_id": tenant_id});
        let project = id_of(&self.mutate("create_project", input, "id").await?)?;
        Ok(Stage {
            target: self.target,
            tenant_id,
            chain: self.register(&project, "chain", CHAIN_TASKS, true).await?,
            wide: self.register(&project, "wide", WIDE_TASKS, false).await?,
            single: self.register(&project, "single", 1, false).await?,
            callers,
            seconds,
        })
    }

    async fn register(&mut self, project: &str, name: &str, tasks: usize, chained: bool) -> Result<Flow> {
        let serialized = json!({
            "name": name, "type": "prefect.core.flow.Flow", "schedule": null, "parameters": [],
            "reference_tasks": [], "run_config": null, "storage": {"type": "Local", "flows": {name: "bench"}, "secrets": []},
            "__version__": "1.4.1",
        });
        let input = json!({
            "project_id": project, "serialized_flow": serialized,
            "set_schedule_active": false, "version_group_id": null,
        });
        let id = id_of(&self.mutate("create_flow", input, "id").await?)?;
        let serialized_tasks: Vec<Value> = (0..tasks).map(task).collect();
        let input = json!({"flow_id": id, "serialized_tasks": serialized_tasks});
        self.mutate("register_tasks", input, "success").await?;
        let edges: Vec<Value> = (1..tasks).filter(|_| chained).map(edge_into).collect();
        self.mutate("register_edges", json!({"flow_id": id, "serialized_edges": edges}), "success").await?;
        let document = format!("query {{ task(where: {{ flow_id: {{ _eq: \"{id}\" }} }}) {{ id }} }}");
        let rows = self.call(&document, &Value::Null).await?;
        let tasks = ids_of(&rows["task"])?;
        Ok(Flow { id, tasks })
    }
}

fn slug(index: usize) -> String {
    format!("step-{}", index + 1)
}

/// A task as the client serializes it.
pub fn task(index: usize) -> Value {
    json!({
        "type": "prefect.tasks.core.function.FunctionTask", "name": "step", "slug": slug(index), "tags": [],
        "max_retries": 0, "retry_delay": null, "inputs": {"x": {"required": true, "type": "typing.Any"}},
        "outputs": "typing.Any", "timeout": null, "trigger": {"fn": "prefect.triggers.all_successful", "kwargs": {}},
        "skip_on_upstream_skip": true, "cache_for": null, "cache_key": null,
        "cache_validator": {"fn": "prefect.engine.cache_validators.never_use", "kwargs": {}},
        "auto_generated": false, "__version__": "1.4.1",
    })
}

fn edge_into(index: usize) -> Value {
    json!({
        "upstream_task": {"slug": slug(index - 1), "__version__": "1.4.1"},
        "downstream_task": {"slug": slug(index), "__version__": "1.4.1"},
        "key": "x", "mapped": false, "flattened": false, "__version__": "1.4.1",
    })
}

/// A state as the client serializes it.
pub fn state(kind: &str, message: &str) -> Value {
    json!({
        "context": {}, "message": message, "_result": {"__version__": "1.4.1", "type": "NoResultType"},
        "cached_inputs": {}, "__version__": "1.4.1", "type": kind,
    })
}

/// The `id` of an object in an answer.
pub fn id_of(value: &Value) -> Result<String> {
    value["id"].as_str().map(str::to_owned).with_context(|| format!("no id in {value}"))
}

/// The `id`s of a list in an answer.
pub fn ids_of(rows: &Value) -> Result<Vec<String>> {
    rows.as_array().with_context(|| format!("not a list: {rows}"))?.iter().map(id_of).collect()
}

/// Nanoseconds since 1970, on the clock all processes of this machine share.
#[expect(
    clippy::disallowed_methods,
    reason = "the generator stands outside the system whose time is an input"
)]
pub fn nanoseconds_now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

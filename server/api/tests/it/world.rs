//! A server without a socket: the schema, the use cases and a database of its own, with a clock turned by hand.

use async_graphql::{Request, Variables};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use signalbox_api::{
    graphql::{self, ApiSchema},
    transport::{AgentHeader, CoreVersion, RequestedTenant},
};
use signalbox_backing::Backing;
use signalbox_bus::MemoryBus;
use signalbox_core::{
    access::{Actor, Role},
    clock::{Clock, ManualClock},
    ids::CountedIds,
};
use signalbox_schema::{AgentId, ApiKeyId, TenantId};
use signalbox_services::{Parts, ServiceError, Services, tenants};
use signalbox_storage::Store;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use uuid::Uuid;

/// A server without a socket.
pub struct World {
    schema: ApiSchema,
    services: Services,
    clock: ManualClock,
    backing: Backing,
    actor: Actor,
    tenant: Option<TenantId>,
    agent: Option<AgentId>,
    numbers: AtomicU32,
}

/// What was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: String,
    pub message: String,
}

impl World {
    pub async fn new() -> Self {
        let backing = Backing::new();
        let clock = ManualClock::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
        let store = Store::open(&backing.database_url()).await.unwrap();
        let services = Services::start(Parts {
            store,
            bus: Arc::new(MemoryBus::default()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountedIds::default()),
        })
        .await
        .unwrap();
        let actor = services.local_actor();
        Self {
            schema: graphql::build(services.clone()),
            services,
            clock,
            backing,
            actor,
            tenant: None,
            agent: None,
            numbers: AtomicU32::default(),
        }
    }

    /// What the clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Turns the clock.
    pub fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// The use cases, for what the server does without being asked.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// From here on, requests carry the header of this agent; or of none.
    pub fn become_agent(&mut self, agent: Option<&str>) {
        self.agent = agent.map(|id| id.parse().unwrap());
    }

    /// A number not given before, for names.
    fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The present actor's tenant.
    pub fn tenant(&self) -> Uuid {
        self.tenant.unwrap_or_else(|| self.actor.default_tenant()).0
    }

    /// From here on, a key with `role` in the same tenant.
    pub fn become_key(&mut self, role: Role) {
        self.actor =
            Actor::Key { id: ApiKeyId(Uuid::nil()), tenant: TenantId(self.tenant()), role, expires_at: None };
    }

    /// From here on, the person at the machine again.
    pub fn become_local(&mut self) {
        self.actor = self.services.local_actor();
        self.tenant = None;
    }

    /// From here on, an administrator of another, new tenant.
    pub async fn become_stranger(&mut self) {
        let slug = format!("other-{}", self.number());
        let tenant =
            tenants::create(&self.services, &self.services.local_actor(), "Other", &slug).await.unwrap();
        self.actor = Actor::Key { id: ApiKeyId(Uuid::nil()), tenant, role: Role::Admin, expires_at: None };
    }

    async fn execute(&self, document: &str, variables: Value) -> async_graphql::Response {
        let request = Request::new(document)
            .variables(Variables::from_json(variables))
            .data(self.actor.clone())
            .data(RequestedTenant(self.tenant))
            .data(AgentHeader(self.agent))
            .data(CoreVersion(Some("1.4.1".into())));
        self.schema.execute(request).await
    }

    /// Sends one mutation and yields its payload.
    pub async fn try_mutate(&self, name: &str, selection: &str, input: Value) -> Result<Value, Refusal> {
        let document =
            format!("mutation($input: {name}_input!) {{ {name}(input: $input) {{ {selection} }} }}");
        let response = self.execute(&document, json!({ "input": input })).await;
        if let Some(error) = response.errors.first() {
            let code = error.source::<ServiceError>().map_or("(validation)", |error| error.code.as_str());
            return Err(Refusal { code: code.to_owned(), message: error.message.clone() });
        }
        Ok(response.data.into_json().unwrap()[name].take())
    }

    /// Sends one query and yields its data.
    pub async fn query(&self, document: &str) -> Value {
        let response = self.execute(document, json!({})).await;
        assert!(response.errors.is_empty(), "{document}: {:?}", response.errors);
        response.data.into_json().unwrap()
    }

    /// The same for a mutation that must succeed.
    pub async fn mutate(&self, name: &str, selection: &str, input: Value) -> Value {
        self.try_mutate(name, selection, input.clone())
            .await
            .unwrap_or_else(|refusal| panic!("{name}({input}): {refusal:?}"))
    }

    /// The id that a mutation answers.
    pub async fn id(&self, name: &str, input: Value) -> String {
        self.mutate(name, "id", input).await["id"].as_str().unwrap().to_owned()
    }

    /// What `success` a mutation answers.
    pub async fn success(&self, name: &str, input: Value) -> bool {
        self.mutate(name, "success", input).await["success"].as_bool().unwrap()
    }

    /// The refusal that a mutation must meet.
    pub async fn refused(&self, name: &str, selection: &str, input: Value) -> Refusal {
        match self.try_mutate(name, selection, input.clone()).await {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{name}({input}) was not refused: {answer}"),
        }
    }

    /// Sends the mutation again and asserts that the answer is the same and nothing in any table changed.
    pub async fn twice(&self, name: &str, selection: &str, input: Value) -> Value {
        let first = self.mutate(name, selection, input.clone()).await;
        let before = self.tables().await;
        self.wait(1);
        let second = self.mutate(name, selection, input.clone()).await;
        assert_eq!(first, second, "{name}({input}): another answer");
        let after = self.tables().await;
        for (table, rows) in &before {
            assert_eq!(rows, &after[table], "{name}({input}): the second delivery changed {table}");
        }
        first
    }

    /// Every row of every table, as text.
    pub async fn tables(&self) -> BTreeMap<String, Vec<String>> {
        let tables = self.backing.database().await.tables().await;
        assert!(!tables["tenant"].is_empty(), "there is always a tenant: the comparison would see nothing");
        tables
    }

    /// The first column of the rows that a statement yields, as text.
    pub async fn sql(&self, statement: &str) -> Vec<String> {
        self.backing.database().await.column(statement).await
    }

    /// The one JSON value that a statement yields; the databases write them differently.
    pub async fn json(&self, statement: &str) -> Value {
        let text = self.value(statement).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{statement}: {text}: {error}"))
    }

    /// The one value that a statement yields.
    pub async fn value(&self, statement: &str) -> String {
        let mut rows = self.sql(statement).await;
        assert_eq!(rows.len(), 1, "{statement}");
        rows.remove(0)
    }

    /// A new project.
    pub async fn project(&self) -> String {
        let name = format!("project-{}", self.number());
        self.id("create_project", json!({ "name": name })).await
    }

    /// A new flow of tasks a → b, of a project and a group of its own.
    pub async fn flow(&self) -> String {
        self.registered(flow("demo"), json!({})).await
    }

    /// A new flow of this document, in a project of its own.
    pub async fn registered(&self, document: Value, options: Value) -> String {
        let mut input = json!({ "project_id": self.project().await, "serialized_flow": document });
        for (key, value) in options.as_object().unwrap() {
            input[key] = value.clone();
        }
        self.id("create_flow", input).await
    }
}

/// A task as the client serializes it.
pub fn task(slug: &str) -> Value {
    json!({
        "name": slug, "slug": slug, "type": "prefect.core.task.Task", "tags": ["t"], "max_retries": 1,
        "retry_delay": 60, "trigger": {"fn": "prefect.triggers.all_successful", "kwargs": {}}, "cache_key": null,
    })
}

/// An edge as the client serializes it.
pub fn edge(upstream: &str, downstream: &str, mapped: bool) -> Value {
    json!({
        "upstream_task": {"slug": upstream}, "downstream_task": {"slug": downstream}, "key": "x", "mapped": mapped,
        "flattened": false,
    })
}

/// A flow of tasks a → b as `prefect register` sends it.
pub fn flow(name: &str) -> Value {
    json!({
        "name": name, "type": "prefect.core.flow.Flow", "schedule": null, "reference_tasks": [],
        "parameters": [{"name": "n", "slug": "n", "default": 1, "required": false}],
        "tasks": [task("a"), task("b")], "edges": [edge("a", "b", false)],
        "run_config": {"type": "UniversalRun", "labels": []}, "storage": {"type": "Local"}, "__version__": "1.4.1",
    })
}

/// A flow as `flow.register` sends it: its tasks and edges come later.
pub fn bare_flow(name: &str) -> Value {
    let mut flow = flow(name);
    let fields = flow.as_object_mut().unwrap();
    fields.remove("tasks");
    fields.remove("edges");
    flow
}

/// A schedule of one clock.
pub fn hourly(parameter_defaults: &Value) -> Value {
    json!({
        "clocks": [{
            "type": "IntervalClock", "start_date": {"dt": "2024-01-01T00:00:00", "tz": "UTC"}, "end_date": null,
            "interval": 3_600_000_000_u64, "parameter_defaults": parameter_defaults, "labels": null,
        }],
        "filters": [], "or_filters": [], "not_filters": [], "adjustments": [],
    })
}

//! Documents against the built schema on a real database: the whole way but HTTP.

mod aggregates;
mod conditions;
mod documents;
mod injection;
mod orders;
mod pages;
mod refusals;
mod shape;
mod tenancy;

use std::str::FromStr;
use std::sync::Arc;

use async_graphql::{Request, Response, Variables};
use serde_json::{Value, json};
use signalbox_backing::Backing;
use signalbox_bus::MemoryBus;
use signalbox_core::access::{Actor, Role};
use signalbox_core::clock::SystemClock;
use signalbox_core::ids::RandomIds;
use signalbox_schema::{ApiKeyId, TenantId};
use signalbox_services::{Parts, Services};
use signalbox_storage::Store;
use uuid::Uuid;

use crate::graphql::{ApiSchema, build, describe};

/// The rows of the tests: tenant A's ids end in digits, tenant B's in `b` and a digit.
const SEED: &str = include_str!("../../../../../storage/src/query/tests/seed.sql");
const TENANT_A: &str = "10000000-0000-4000-8000-000000000001";
const TENANT_B: &str = "10000000-0000-4000-8000-0000000000b1";

/// A schema over a seeded database.
struct Desk {
    schema: ApiSchema,
    backing: Backing,
}

impl Desk {
    async fn open() -> Self {
        let backing = Backing::new();
        let store = Store::open(&backing.database_url()).await.unwrap();
        backing.database().await.execute(SEED).await;
        let parts = Parts {
            store,
            bus: Arc::new(MemoryBus::default()),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        };
        Self { schema: build(Services::start(parts).await.unwrap()), backing }
    }

    /// Executes a document; errors have their codes.
    async fn execute(&self, actor: Actor, document: &str, variables: Value) -> Response {
        let request = Request::new(document).variables(Variables::from_json(variables)).data(actor);
        let mut response = self.schema.execute(request).await;
        for error in &mut response.errors {
            describe(error, "test");
        }
        response
    }

    /// What a viewer of tenant A sees.
    async fn ask(&self, document: &str) -> Value {
        self.ask_with(document, json!({})).await
    }

    async fn ask_with(&self, document: &str, variables: Value) -> Value {
        self.ask_as(viewer(TENANT_A), document, variables).await
    }

    async fn ask_as(&self, actor: Actor, document: &str, variables: Value) -> Value {
        let response = self.execute(actor, document, variables).await;
        assert!(response.errors.is_empty(), "{document}\n{:?}", response.errors);
        // Through text, as a client sees it: the rows are raw JSON inside.
        serde_json::from_str(&serde_json::to_string(&response).unwrap())
            .map(|mut all: Value| all["data"].take())
            .unwrap()
    }

    /// The ends of the ids that `where` finds for a viewer of tenant A, sorted.
    async fn found(&self, table: &str, condition: &str) -> Vec<String> {
        let mut ends = self.listed(&format!("{table}(where: {condition})")).await;
        ends.sort();
        ends
    }

    /// The ends of the ids that a root field with its arguments lists, in order.
    async fn listed(&self, field: &str) -> Vec<String> {
        ends(&self.ask(&format!("{{ rows: {field} {{ id }} }}")).await["rows"])
    }

    /// The first error of a document that must fail: code and message.
    async fn refused(&self, document: &str, variables: Value) -> (String, String) {
        let response = self.execute(viewer(TENANT_A), document, variables).await;
        let error =
            response.errors.first().unwrap_or_else(|| panic!("not refused: {document}: {response:?}"));
        let code = error.extensions.as_ref().and_then(|e| e.get("code")).map(ToString::to_string);
        (code.unwrap_or_default().trim_matches('"').to_owned(), error.message.clone())
    }
}

fn viewer(tenant: &str) -> Actor {
    let tenant = TenantId::from_str(tenant).unwrap();
    Actor::Key { id: ApiKeyId(Uuid::nil()), tenant, role: Role::Viewer, expires_at: None }
}

/// `…-0000000000b1` as `b1`, `…-000000000001` as `1`.
fn ends(rows: &Value) -> Vec<String> {
    let end = |row: &Value| row["id"].as_str().unwrap()[34..].trim_start_matches('0').to_owned();
    rows.as_array().unwrap().iter().map(end).collect()
}

//! Whole requests through the router, with a toy schema and a toy backend behind it.

mod graphql;
mod http;
mod limits;
mod sender;

use crate::{
    auth::{BrowserPolicy, Doors},
    router::{Api, Backend},
    transport::{AgentHeader, HttpLimits, Refusal, RequestedTenant},
};
use async_graphql::{Context, EmptySubscription, Json, Object, Result, Schema};
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use serde_json::{Value, json};
use signalbox_core::{
    access::{Actor, Role},
    ids::{CountedIds, Ids},
};
use signalbox_schema::{ApiKeyId, ErrorCode, TenantId};
use std::{
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tower::ServiceExt;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const KEY_TENANT: TenantId = TenantId(Uuid::from_u128(2));

#[derive(Default)]
struct Toy {
    ids: CountedIds,
}

impl Backend for Toy {
    async fn authenticate(&self, key: &str) -> std::result::Result<Actor, Refusal> {
        if key != "sbx_good" {
            return Err(Refusal::new(ErrorCode::Unauthenticated, "the key is not known"));
        }
        Ok(Actor::Key {
            id: ApiKeyId(Uuid::nil()),
            tenant: KEY_TENANT,
            role: Role::Operator,
            expires_at: None,
        })
    }

    fn local(&self) -> Actor {
        Actor::Local { default_tenant: TENANT }
    }

    async fn until_refused(&self, _: &Actor, _: Option<TenantId>) -> Refusal {
        std::future::pending().await
    }

    async fn check(&self) -> std::result::Result<(), Refusal> {
        Ok(())
    }

    fn hints(&self) -> &'static str {
        "local"
    }

    fn ids(&self) -> &dyn Ids {
        &self.ids
    }
}

struct Query;

fn fail() -> i32 {
    panic!("on purpose")
}

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object(rename_fields = "snake_case")]
impl Query {
    async fn hello(&self) -> &str {
        "👋"
    }

    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        1
    }

    async fn may_fail(&self) -> Result<Option<i32>> {
        Err("it failed".into())
    }

    async fn must_not_fail(&self) -> Result<i32> {
        Err("it failed".into())
    }

    async fn echo(&self, value: Json<Value>) -> Json<Value> {
        value
    }

    async fn number(&self, n: i32) -> i32 {
        n
    }

    async fn panics(&self) -> i32 {
        fail()
    }

    async fn sender(&self, ctx: &Context<'_>) -> Result<String> {
        let tenant = ctx.data::<RequestedTenant>()?.0;
        let agent = ctx.data::<AgentHeader>()?.0;
        let own = ctx.data::<Actor>()?.default_tenant();
        Ok(format!("{own} {tenant:?} {}", agent.is_some()))
    }

    async fn text(&self, length: usize) -> String {
        "x".repeat(length)
    }
}

struct Mutation {
    begun: Arc<Notify>,
    done: Arc<AtomicUsize>,
}

#[Object(rename_fields = "snake_case")]
impl Mutation {
    async fn slow_change(&self) -> usize {
        self.begun.notify_one();
        tokio::time::sleep(Duration::from_millis(30)).await;
        self.done.fetch_add(1, Ordering::SeqCst)
    }

    async fn claim_flow_runs(&self) -> i32 {
        let _poll = Poll(Arc::clone(&self.done));
        self.begun.notify_one();
        std::future::pending().await
    }
}

/// Notes when a poll is over.
struct Poll(Arc<AtomicUsize>);

impl Drop for Poll {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct World {
    api: Api<Schema<Query, Mutation, EmptySubscription>, Toy>,
    begun: Arc<Notify>,
    done: Arc<AtomicUsize>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap();
        json["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }
}

impl World {
    fn new(doors: Doors, limits: HttpLimits) -> Self {
        let (begun, done) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let mutation = Mutation { begun: Arc::clone(&begun), done: Arc::clone(&done) };
        let schema = Schema::new(Query, mutation, EmptySubscription);
        let browsers = BrowserPolicy {
            doors,
            loopback: true,
            allowed_origins: vec!["https://ui.example.com".to_owned()],
            allowed_hosts: Vec::new(),
        };
        let sdl = schema.sdl();
        Self { api: Api::new(schema, &sdl, Toy::default(), browsers, limits), begun, done }
    }

    fn open() -> Self {
        Self::new(Doors::Open, HttpLimits::default())
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.api.router().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn post(&self, body: impl Into<Body>) -> Answer {
        self.send(Request::post("/").body(body.into()).unwrap()).await
    }

    /// Sends a document as the stock client does.
    async fn graphql(&self, document: &str, variables: &str) -> Answer {
        self.post(json!({"query": document, "variables": variables}).to_string()).await
    }
}

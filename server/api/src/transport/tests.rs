//! Whole requests through the router, with a toy schema and a toy backend behind it.

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

    async fn check(&self) -> std::result::Result<(), Refusal> {
        Ok(())
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

#[tokio::test]
async fn the_stock_clients_request_is_answered() {
    let answer = World::open().graphql("query{hello}", "null").await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, r#"{"data":{"hello":"👋"}}"#));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn values_arrive_as_they_were_sent() {
    let world = World::open();
    let values =
        json!({"z": 1, "a": [null, true, 1.5, -9_223_372_036_854_775_808_i64], "😀": "\u{1F600}\n\""});
    let document = "query($v: JSON!) { echo(value: $v) }";
    let expected = format!(r#"{{"data":{{"echo":{values}}}}}"#);
    assert_eq!(world.graphql(document, &json!({ "v": values }).to_string()).await.text(), expected);
    assert_eq!(
        world.post(json!({"query": document, "variables": {"v": values}}).to_string()).await.text(),
        expected
    );
    let literal = r#"{ echo(value: "a \ud83d\ude00 b \udc80") }"#;
    assert_eq!(world.graphql(literal, "null").await.text(), "{\"data\":{\"echo\":\"a 😀 b \u{fffd}\"}}");
}

#[tokio::test]
async fn root_fields_keep_their_order_and_failed_ones_their_place() {
    let world = World::open();
    assert_eq!(
        world.graphql("{ slow b: hello c: number(n: 3) @skip(if: true) }", "null").await.text(),
        r#"{"data":{"slow":1,"b":"👋"}}"#
    );
    assert_snapshot!(world.graphql("{ may_fail hello }", "null").await.text(), @r#"{"data":{"may_fail":null,"hello":"👋"},"errors":[{"message":"it failed","locations":[{"line":1,"column":3}],"path":["may_fail"],"extensions":{"code":"INVALID_INPUT","request_id":"00000000-0000-7000-8000-000000000001","retryable":false}}]}"#);
    let answer = world.graphql("{ must_not_fail hello }", "null").await;
    assert!(
        answer.text().starts_with(r#"{"data":null,"errors":[{"message":"it failed""#),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn mistakes_in_graphql_are_answered_with_200_and_a_code() {
    let world = World::open();
    for (document, variables, code) in [
        ("{ hello", "null", "GRAPHQL_PARSE_FAILED"),
        ("", "null", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ number(n: \"x\") }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ number }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { number(n: $n) }", "null", "INVALID_INPUT"),
        ("query($n: Int!) { number(n: $n) }", r#"{"n": null}"#, "INVALID_INPUT"),
        ("query($n: Int! = 1) { number(n: $n) }", r#"{"n": "x"}"#, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { number(n: $n) }", r#"{"n": 5000000000}"#, "INVALID_INPUT"),
        ("subscription { x }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on Query { ...a }", "null", "GRAPHQL_VALIDATION_FAILED"),
        ("{ echo(value: [[1]]) }", r#"{"n": NaN}"#, "INVALID_INPUT"),
        ("{ echo(value: 123456789012345678901) }", "null", "INVALID_INPUT"),
        (&"{a".repeat(3_000), "null", "LIMIT_REACHED"),
        (&"[".repeat(3_000), "null", "LIMIT_REACHED"),
    ] {
        let answer = world.graphql(document, variables).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::OK, code),
            "{document} {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_is_no_graphql_request_is_a_400() {
    let world = World::open();
    for body in [&b""[..], b"hello", b"{}", b"[]", b"[1]", b"{\"query\": \"\xff\"}", b"null"] {
        let answer = world.post(body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            "{body:?}"
        );
    }
    let answer = world.post("[".repeat(1_000_000)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let body = json!([{"query": "{ slow }"}, {"query": "{ nope }"}, {"query": "{ hello }"}]).to_string();
    let answer: Vec<Value> = serde_json::from_slice(&World::open().post(body).await.body).unwrap();
    assert_eq!(answer[0], json!({"data": {"slow": 1}}));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(answer[2], json!({"data": {"hello": "👋"}}));
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_are_bounded_also_when_packed() {
    let world = World::new(Doors::Open, HttpLimits { body_bytes: 1 << 20, ..HttpLimits::default() });
    let request = |encoding: &str, body: Vec<u8>| {
        Request::post("/graphql").header("content-encoding", encoding).body(Body::from(body)).unwrap()
    };
    let hello = br#"{"query":"{ hello }"}"#;
    assert_eq!(world.send(request("gzip", zip(hello))).await.text(), r#"{"data":{"hello":"👋"}}"#);
    let bomb = world.send(request("gzip", zip(&vec![b' '; 100 << 20]))).await;
    assert_eq!((bomb.status, bomb.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    let truncated = world.send(request("gzip", zip(hello)[..20].to_vec())).await;
    assert_eq!(truncated.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.send(request("br", hello.to_vec())).await.status, StatusCode::BAD_REQUEST);

    let large = world.post(vec![b' '; (1 << 20) + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    assert!(!large.headers.contains_key("retry-after"));
    let announced = Request::post("/").header("content-length", "1000000000").body(Body::empty()).unwrap();
    assert_eq!(world.send(announced).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let limits = HttpLimits { body_timeout: Duration::from_millis(5), ..HttpLimits::default() };
    let stalled = Body::from_stream(futures_util::stream::pending::<std::io::Result<bytes::Bytes>>());
    assert_eq!(World::new(Doors::Open, limits).post(stalled).await.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_nothing_more() {
    let world = World::open();
    let answer = world.graphql("{ panics }", "null").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"));
    assert!(!answer.text().contains("on purpose"));
    assert_eq!(world.graphql("{ hello }", "null").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_change() {
    let world = World::open();
    let body = json!({"query": "mutation { slow_change }"}).to_string();
    tokio::select! {
        _ = world.post(body) => panic!("answered before it was begun"),
        () = world.begun.notified() => {}
    }
    assert_eq!(world.done.load(Ordering::SeqCst), 0);
    world.api.idle().await;
    assert_eq!(world.done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_poll_ends_with_its_client_and_with_the_server() {
    let body = || json!({"query": "mutation { claim_flow_runs }"}).to_string();
    let world = World::open();
    tokio::select! {
        _ = world.post(body()) => panic!("nothing to answer"),
        () = world.begun.notified() => {}
    }
    world.api.idle().await;
    assert_eq!(world.done.load(Ordering::SeqCst), 1);

    let (answer, ()) = tokio::join!(world.post(body()), async {
        world.begun.notified().await;
        world.api.announce_drain();
    });
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "API_ERROR"));
    assert_eq!(world.done.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn keys_are_asked_for_when_the_doors_are_closed() {
    let world = World::new(Doors::Keys, HttpLimits::default());
    let body = r#"{"query":"{ sender }"}"#;
    let with = |authorization: &str| {
        Request::post("/").header("authorization", authorization).body(Body::from(body)).unwrap()
    };
    let none = world.post(body).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    let unknown = world.send(with("Bearer sbx_bad")).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    let malformed = world.send(with("Basic dXNlcg==")).await;
    assert_eq!((malformed.status, malformed.code().as_str()), (StatusCode::OK, "UNAUTHENTICATED"));
    assert!(malformed.text().contains("Malformed Authorization header"));
    assert!(world.send(with("Bearer sbx_good")).await.text().contains(&KEY_TENANT.to_string()));
}

#[tokio::test]
async fn resolvers_learn_who_sends() {
    let world = World::open();
    let id = Uuid::from_u128(9).to_string();
    let request = Request::post("/")
        .header("x-prefect-tenant-id", &id)
        .header("x-prefect-agent-id", &id)
        .header("x-request-id", "mine-1");
    let answer = world.send(request.body(Body::from(r#"{"query":"{ sender }"}"#)).unwrap()).await;
    assert_eq!(answer.text(), format!(r#"{{"data":{{"sender":"{TENANT} Some(TenantId({id})) true"}}}}"#));
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    let request = Request::post("/").header("x-prefect-tenant-id", "7").body(Body::from("{}")).unwrap();
    assert_eq!(world.send(request).await.code(), "INVALID_INPUT");
}

#[tokio::test]
async fn foreign_pages_cannot_use_an_open_server() {
    let world = World::open();
    let request = |method: &str, origin: &str| {
        Request::builder()
            .method(method)
            .uri("/graphql")
            .header("host", "localhost:4200")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-prefect-ui")
            .body(Body::from(r#"{"query":"{ hello }"}"#))
            .unwrap()
    };
    let foreign = world.send(request("POST", "https://evil.example")).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    assert!(!foreign.headers.contains_key("access-control-allow-origin"));
    for origin in ["http://localhost:8080", "https://ui.example.com"] {
        let preflight = world.send(request("OPTIONS", origin)).await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert_eq!(preflight.headers["access-control-allow-origin"], origin);
        assert_eq!(preflight.headers["access-control-allow-headers"], "content-type,x-prefect-ui");
        let answer = world.send(request("POST", origin)).await;
        assert_eq!((answer.status, &answer.headers["vary"]), (StatusCode::OK, &"origin".parse().unwrap()));
    }
}

#[tokio::test]
async fn large_answers_are_packed_for_those_who_read_it() {
    let world = World::open();
    let request = |accepts: &str, length: usize| {
        let body = json!({"query": format!("{{ text(length: {length}) }}")}).to_string();
        Request::post("/").header("accept-encoding", accepts).body(Body::from(body)).unwrap()
    };
    let packed = world.send(request("gzip, deflate", 100_000)).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert!(packed.body.len() < 5_000);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text.len(), 100_000 + r#"{"data":{"text":""}}"#.len());
    for (accepts, length) in [("gzip", 1_000), ("deflate", 100_000), ("gzip;q=0", 100_000)] {
        assert!(
            !world.send(request(accepts, length)).await.headers.contains_key("content-encoding"),
            "{accepts}"
        );
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_refused_in_json() {
    let world = World::open();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(world.send(get("/nope")).await.code(), "NOT_FOUND");
    let wrong = world.send(get("/graphql")).await;
    assert_eq!(
        (wrong.status, &wrong.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    let page = world.send(get("/")).await;
    assert!(
        page.text().contains("Signalbox") && page.headers["content-type"].to_str().unwrap().contains("html")
    );
    assert_snapshot!(world.send(get("/healthz")).await.text(), @r#"{"status":"ok","version":"0.1.0"}"#);
}

#[tokio::test]
async fn a_server_that_drains_is_not_ready_and_sends_new_requests_away() {
    let world = World::open();
    let ready = || Request::get("/readyz").body(Body::empty()).unwrap();
    assert_snapshot!(world.send(ready()).await.text(), @r#"{"status":"ready","checks":{"accepting":"ok","database":"ok"}}"#);
    world.api.announce_drain();
    let answer = world.send(ready()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(answer.text(), @r#"{"status":"not ready","checks":{"accepting":"draining","database":"ok"}}"#);
    let refused = world.graphql("{ hello }", "null").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "API_ERROR"));
    assert_eq!(
        (&refused.headers["retry-after"], &refused.headers["connection"]),
        (&"2".parse().unwrap(), &"close".parse().unwrap())
    );
}

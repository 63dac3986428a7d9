//! The HTTP surface: which path is answered by whom, and what every answer has in common.

use crate::{
    auth::{BrowserPolicy, Doors},
    health,
    transport::{
        self, Documents, HttpLimits, Refusal, RequestId, RootFields,
        context::X_REQUEST_ID,
        reply::{self, allow},
    },
};
use async_graphql::Executor;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
            ACCESS_CONTROL_REQUEST_METHOD, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
        },
    },
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use signalbox_core::{access::Actor, ids::Ids};
use signalbox_schema::{ErrorCode, TenantId};
use std::{future::Future, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What the transport needs from the product behind it.
pub trait Backend: Send + Sync + 'static {
    /// The holder of a key; unknown, expired and revoked keys are refused with `UNAUTHENTICATED`.
    fn authenticate(&self, key: &str) -> impl Future<Output = Result<Actor, Refusal>> + Send;

    /// Who sends a request without a key to an open server.
    fn local(&self) -> Actor;

    /// Returns when an actor may not follow what happens in a tenant any more (default: its own), and why: its key ended
    /// or was revoked, or the tenant is gone.
    fn until_refused(&self, actor: &Actor, tenant: Option<TenantId>) -> impl Future<Output = Refusal> + Send;

    /// Whether the database answers.
    fn check(&self) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Whether hints reach other replicas, in one word.
    fn hints(&self) -> &'static str;

    /// Where request ids come from.
    fn ids(&self) -> &dyn Ids;
}

/// The API with everything it needs; clones are the same API.
pub struct Api<E, B>(Arc<Inner<E, B>>);

struct Inner<E, B> {
    executor: E,
    backend: B,
    browsers: BrowserPolicy,
    root_fields: RootFields,
    documents: Documents,
    budget: transport::Budget,
    tenants: transport::Tenants,
    sockets: Arc<Semaphore>,
    limits: HttpLimits,
    phase: watch::Sender<Phase>,
    /// Each operation in flight holds a receiver, so that "closed" means "idle".
    in_flight: watch::Sender<()>,
}

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Not ready any more, and still serving.
    Leaving,
    /// Only what is in flight is served.
    Draining,
}

impl<E, B> Clone for Api<E, B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Executor, B: Backend> Api<E, B> {
    /// An API over a schema (with its SDL) and a backend.
    pub fn new(executor: E, sdl: &str, backend: B, browsers: BrowserPolicy, limits: HttpLimits) -> Self {
        Self(Arc::new(Inner {
            executor,
            backend,
            browsers,
            root_fields: RootFields::from_sdl(sdl),
            documents: Documents::new(&limits),
            budget: transport::Budget::new(&limits),
            tenants: transport::Tenants::new(limits.tenant),
            sockets: Arc::new(Semaphore::new(limits.sockets.min(Semaphore::MAX_PERMITS))),
            limits,
            phase: watch::Sender::new(Phase::Serving),
            in_flight: watch::Sender::new(()),
        }))
    }

    /// The routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(transport::stream::root::<E, B>).post(transport::post::<E, B>))
            .route("/graphql", get(transport::stream::graphql::<E, B>).post(transport::post::<E, B>))
            .route("/healthz", get(health::live))
            .route("/readyz", get(health::ready::<E, B>))
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(from_fn_with_state(self.clone(), edge::<E, B>))
            .with_state(self.clone())
    }

    /// From now on `/readyz` says "not ready". Requests are still served: whoever sends them has not looked yet.
    pub fn announce_drain(&self) {
        self.0.phase.send_replace(Phase::Leaving);
    }

    /// From now on new requests are sent away, and polls that wait are answered.
    pub fn drain(&self) {
        self.0.phase.send_replace(Phase::Draining);
    }

    /// Waits until no operation is executing, also of clients that have hung up.
    pub async fn idle(&self) {
        self.0.in_flight.closed().await;
    }

    pub(crate) fn is_ready(&self) -> bool {
        *self.0.phase.borrow() == Phase::Serving
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.phase.borrow() == Phase::Draining
    }

    /// Returns when the drain begins.
    pub(crate) async fn drain_begins(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.phase.subscribe().wait_for(|phase| *phase == Phase::Draining).await;
    }

    pub(crate) fn executor(&self) -> &E {
        &self.0.executor
    }

    pub(crate) fn backend(&self) -> &B {
        &self.0.backend
    }

    pub(crate) fn doors(&self) -> Doors {
        self.0.browsers.doors
    }

    pub(crate) fn limits(&self) -> &HttpLimits {
        &self.0.limits
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.0.documents
    }

    pub(crate) fn budget(&self) -> &transport::Budget {
        &self.0.budget
    }

    pub(crate) fn tenants(&self) -> &transport::Tenants {
        &self.0.tenants
    }

    /// A place for a WebSocket, if one is free.
    pub(crate) fn socket_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.sockets).try_acquire_owned().ok()
    }

    pub(crate) fn root_fields(&self) -> &RootFields {
        &self.0.root_fields
    }

    /// To be held while an operation executes.
    pub(crate) fn occupy(&self) -> watch::Receiver<()> {
        self.0.in_flight.subscribe()
    }
}

/// What every request passes: its id, the check of the sender's page, CORS.
async fn edge<E: Executor, B: Backend>(
    State(api): State<Api<E, B>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers(), api.backend().ids());
    let browsers = &api.0.browsers;
    let origin = browsers.cors_origin(request.headers()).cloned();
    let mut response = match browsers.admit(request.headers(), request.uri()) {
        Err(refusal) => reply::refusal(StatusCode::FORBIDDEN, refusal, Some(&id)),
        Ok(()) if origin.is_some() && is_preflight(&request) => preflight(request.headers()),
        Ok(()) => {
            request.extensions_mut().insert(id.clone());
            next.run(request).await
        }
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin is trusted, so whatever headers it wants to send are fine.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

/// `GET /`: what this is, for somebody who opened it in a browser. Loads nothing from anywhere.
pub(crate) fn landing() -> Response {
    let page = concat!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Signalbox</title>",
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:4em auto;padding:0 1em}",
        "code{background:#8882;padding:.1em .3em}</style>",
        "<h1>Signalbox ",
        env!("CARGO_PKG_VERSION"),
        "</h1><p>A control plane for workflows: it coordinates agents and keeps states and logs.",
        "<p>The API is GraphQL: send <code>POST /graphql</code> with ",
        "<code>{\"query\": \"{ hello }\", \"variables\": {}}</code> as JSON. The schema answers introspection.",
        "<p><code>GET <a href=/healthz>/healthz</a></code> and <code>GET <a href=/readyz>/readyz</a></code> ",
        "say how the server is.</html>\n"
    );
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}

async fn not_found() -> Response {
    let message = "nothing is here; the GraphQL API is at POST /graphql";
    reply::refusal(StatusCode::NOT_FOUND, Refusal::new(ErrorCode::NotFound, message), None)
}

async fn method_not_allowed(request: Request) -> Response {
    match request.uri().path() {
        "/graphql" => only_post("POST"),
        "/" => only_post("GET, HEAD, POST"),
        _ => refuse_method("this path knows GET only", "GET, HEAD"),
    }
}

/// The answer to other methods where GraphQL requests are posted.
pub(crate) fn only_post(methods: &'static str) -> Response {
    refuse_method("send GraphQL requests with POST", methods)
}

fn refuse_method(message: &str, methods: &'static str) -> Response {
    let refusal = Refusal::new(ErrorCode::BadRequest, message);
    allow(reply::refusal(StatusCode::METHOD_NOT_ALLOWED, refusal, None), methods)
}

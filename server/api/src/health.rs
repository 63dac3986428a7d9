//! `GET /healthz` and `GET /readyz`, for the things that watch a server.

use crate::{
    router::{Api, Backend},
    transport::reply,
};
use async_graphql::Executor;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL},
    response::Response,
};
use serde::Serialize;
use std::time::Duration;

/// How long the database may take to answer before the server calls itself not ready.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    accepting: &'static str,
    database: &'static str,
    /// Whether hints reach other replicas. Without them the server is ready all the same, and slower by its ticks.
    hints: &'static str,
}

/// The process lives and its runtime turns. A restart cures nothing else, so nothing else is asked.
pub(crate) async fn live() -> Response {
    answer(StatusCode::OK, &Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// The server can take requests now. Says why not in one word per part; the log has more.
pub(crate) async fn ready<E: Executor, B: Backend>(State(api): State<Api<E, B>>) -> Response {
    let accepting = api.is_ready();
    let database = match tokio::time::timeout(PATIENCE, api.backend().check()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(refusal)) => {
            tracing::warn!(reason = refusal.message, "the database does not answer");
            "failed"
        }
        Err(_) => "slow",
    };
    let ready = accepting && database == "ok";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks = Checks {
        accepting: if accepting { "ok" } else { "draining" },
        database,
        hints: api.backend().hints(),
    };
    answer(status, &Readiness { status: if ready { "ready" } else { "not ready" }, checks })
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = reply::json(status, serde_json::to_vec(body).unwrap_or_default());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

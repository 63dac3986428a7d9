//! `GET` on the paths of the API: a WebSocket, server-sent events, or somebody who looks what this is.

use super::{RequestId, events, reply, socket};
use crate::{
    router::{Api, Backend, landing, only_post},
    transport::Refusal,
};
use async_graphql::Executor;
use axum::{
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{StatusCode, header::UPGRADE},
    response::{IntoResponse, Response},
};
use signalbox_schema::ErrorCode;

/// `GET /`: the API for programs, a page for people.
pub(crate) async fn root<E: Executor, B: Backend>(
    State(api): State<Api<E, B>>,
    request: Request,
) -> Response {
    match enter(api, request).await {
        Some(response) => response,
        None => landing(),
    }
}

/// `GET /graphql`: the API for programs.
pub(crate) async fn graphql<E: Executor, B: Backend>(
    State(api): State<Api<E, B>>,
    request: Request,
) -> Response {
    match enter(api, request).await {
        Some(response) => response,
        None => only_post("POST"),
    }
}

async fn enter<E: Executor, B: Backend>(api: Api<E, B>, request: Request) -> Option<Response> {
    let upgrades = request.headers().contains_key(UPGRADE);
    if !upgrades && !events::wanted(request.headers()) {
        return None;
    }
    let id = match request.extensions().get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::of(request.headers(), api.backend().ids()),
    };
    if api.is_draining() {
        let refusal = Refusal::new(ErrorCode::Unavailable, "the server is shutting down");
        return Some(reply::refusal(StatusCode::SERVICE_UNAVAILABLE, refusal, Some(&id)));
    }
    let (mut head, _) = request.into_parts();
    if !upgrades {
        return Some(events::get(api, &head, id).await);
    }
    Some(match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => socket::upgrade(api, &head.headers, upgrade, id).await,
        Err(rejection) => rejection.into_response(),
    })
}

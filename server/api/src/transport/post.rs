//! `POST /` and `POST /graphql`: one request from its first header to its answer.

use super::{
    Admitted, Asked, Operation, Payload, Refusal, RequestId, Roots, admit, answer,
    body::{self, Unread},
    context::PrefectHeaders,
    reply::{self, Answers, internal},
    stream,
    tenants::Seat,
};
use crate::{
    auth,
    graphql::ReadBounds,
    router::{Api, Backend},
};
use async_graphql::{Executor, Response as GraphQlResponse, Variables};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header::CONNECTION},
    response::Response,
};
use futures_util::future::join_all;
use signalbox_core::access::Actor;
use signalbox_schema::{ErrorCode, TenantId};
use std::{
    future::pending,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// From here on an operation is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

/// What one request knows about its sender.
#[derive(Clone)]
pub(super) struct Sender {
    pub actor: Actor,
    pub prefect: PrefectHeaders,
    pub request_id: RequestId,
    /// Its tenant's place.
    pub seat: Seat,
    /// What its reads may ask for, all operations of the request together.
    pub bounds: ReadBounds,
}

/// Why a sender is not served.
pub(super) enum Unserved {
    /// It is not known, or sent wrong headers.
    Refused(Refusal),
    /// Its tenant has too many requests open.
    Crowded(Refusal),
}

/// Answers one POST. Whatever reached GraphQL is answered with status 200, as the stock client demands.
pub(crate) async fn post<E: Executor, B: Backend>(
    State(api): State<Api<E, B>>,
    request: Request,
) -> Response {
    let (head, mut body) = request.into_parts();
    let request_id = match head.extensions.get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::of(&head.headers, api.backend().ids()),
    };
    if api.is_draining() {
        let refusal = Refusal::new(ErrorCode::Unavailable, "the server is shutting down");
        return closing(reply::refusal(StatusCode::SERVICE_UNAVAILABLE, refusal, Some(&request_id)));
    }
    // Before the body: a stranger's bytes are not worth memory.
    let sender = match identify(&api, &head.headers, &request_id).await {
        Ok(sender) => sender,
        Err(Unserved::Refused(refusal)) => {
            body::discard(&head.headers, &mut body).await;
            let response = refuse(refusal, &api, &request_id);
            return reply::graphql(&response, None);
        }
        Err(Unserved::Crowded(refusal)) => {
            body::discard(&head.headers, &mut body).await;
            return too_many(refusal, &request_id);
        }
    };
    let mut received = match body::read(&head.headers, &mut body, api.limits(), api.budget()).await {
        Ok(received) => received,
        Err(unread) => return unreadable(unread, &head.headers, &mut body, &request_id).await,
    };
    let as_events = stream::events_wanted(&head.headers);
    let gzip_from = api.limits().compress_from_bytes.filter(|_| reply::accepts_gzip(&head.headers));
    // A task of its own: a client that hangs up does not stop a change half-way, and a panic ends nothing
    // but this request.
    let occupied = api.occupy();
    // Dropped with this future when the client hangs up.
    let (_client, gone) = oneshot::channel();
    let id = request_id.clone();
    let task = tokio::spawn(async move {
        let _occupied = occupied;
        let payload = Payload::read(&received.bytes, api.limits().batch);
        // Its share of the memory is given back at the end: what was read from it is as large.
        received.bytes.clear();
        match payload {
            Ok(Payload::Single(operation)) if as_events => stream::answer_events(&api, &sender, operation),
            Ok(payload) => match execute_all(&api, &sender, payload, gone).await {
                Ok(answers) => reply::graphql(&answers, gzip_from),
                Err(refusal) => too_many(refusal, &sender.request_id),
            },
            Err(refusal) => reply::refusal(StatusCode::BAD_REQUEST, refusal, Some(&sender.request_id)),
        }
    });
    match task.await {
        Ok(response) => response,
        Err(error) => {
            // The panic hook has written where it happened.
            tracing::error!(request_id = %id, panicked = error.is_panic(), "a request failed");
            reply::refusal(StatusCode::INTERNAL_SERVER_ERROR, internal(), Some(&id))
        }
    }
}

/// Finds out who sends, and takes a place of its tenant.
pub(super) async fn identify<E: Executor, B: Backend>(
    api: &Api<E, B>,
    headers: &axum::http::HeaderMap,
    request_id: &RequestId,
) -> Result<Sender, Unserved> {
    let prefect = PrefectHeaders::read(headers).map_err(Unserved::Refused)?;
    let actor = auth::identify(api.doors(), api.backend(), headers).await.map_err(Unserved::Refused)?;
    let seat = api.tenants().enter(occupied_tenant(&actor, &prefect)).map_err(Unserved::Crowded)?;
    let bounds = ReadBounds::new(api.limits().read);
    Ok(Sender { actor, prefect, request_id: request_id.clone(), seat, bounds })
}

/// The tenant whose places a request takes: that of the key, whatever the request says, so that nobody takes those
/// of others.
fn occupied_tenant(actor: &Actor, prefect: &PrefectHeaders) -> TenantId {
    match actor {
        Actor::Local { default_tenant } => prefect.tenant.0.unwrap_or(*default_tenant),
        Actor::Key { tenant, .. } => *tenant,
    }
}

/// The answer to a request of a tenant that has too many: the stock client sends it again after a second.
pub(super) fn too_many(refusal: Refusal, request_id: &RequestId) -> Response {
    tracing::debug!(%request_id, code = refusal.code.as_str(), "request refused");
    reply::refusal(StatusCode::TOO_MANY_REQUESTS, refusal, Some(request_id))
}

async fn unreadable(
    unread: Unread,
    headers: &axum::http::HeaderMap,
    body: &mut Body,
    request_id: &RequestId,
) -> Response {
    let (status, refusal) = match unread {
        Unread::Refused(refusal) => {
            body::discard(headers, body).await;
            let too_large = refusal.code == ErrorCode::PayloadTooLarge;
            // Without `Retry-After`: the same body will be as large the next time.
            (if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }, refusal)
        }
        Unread::TimedOut => (
            StatusCode::REQUEST_TIMEOUT,
            Refusal::new(ErrorCode::BadRequest, "the body did not arrive in time"),
        ),
        Unread::Gone => {
            (StatusCode::BAD_REQUEST, Refusal::new(ErrorCode::BadRequest, "the body ended before its end"))
        }
    };
    closing(reply::refusal(status, refusal, Some(request_id)))
}

/// The connection is of no more use: the rest of a body may still be on it.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Executes the operations of a request. An error says that the tenant had no turn for the only one; in a batch it
/// is the answer of its operation.
async fn execute_all<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    payload: Payload,
    gone: oneshot::Receiver<()>,
) -> Result<Answers, Refusal> {
    match payload {
        Payload::Single(operation) => Ok(Answers::Single(execute(api, sender, operation, Some(gone)).await?)),
        Payload::Batch(operations) => {
            let each = operations.into_iter().map(async |operation| {
                let answered = execute(api, sender, operation, None).await;
                answered.unwrap_or_else(|refusal| refuse(refusal, api, &sender.request_id))
            });
            Ok(Answers::Batch(join_all(each).await))
        }
    }
}

/// Does everything that stands before the execution of an operation that is kept. `Err` is the refusal.
pub(super) fn prepare<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    operation: &Operation,
) -> Result<Admitted, Box<GraphQlResponse>> {
    prepare_with(api, sender, operation, operation.variables.clone())
}

/// The same with the operation's variables apart: they may be as large as a body, and are copied for nobody who needs
/// them once.
fn prepare_with<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    operation: &Operation,
    variables: Result<Variables, Refusal>,
) -> Result<Admitted, Box<GraphQlResponse>> {
    let admitted = variables.and_then(|variables| {
        let (document, operation_name) = (operation.document.as_str(), operation.name.as_deref());
        admit(api.documents(), api.limits(), &sender.bounds, Asked { document, operation_name, variables })
    });
    let mut admitted = admitted.map_err(|refusal| Box::new(refuse(refusal, api, &sender.request_id)))?;
    admitted.request = admitted
        .request
        .data(sender.actor.clone())
        .data(sender.prefect.tenant)
        .data(sender.prefect.agent)
        .data(sender.prefect.core_version.clone())
        .data(sender.request_id.clone());
    Ok(admitted)
}

pub(super) async fn execute<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    mut operation: Operation,
    gone: Option<oneshot::Receiver<()>>,
) -> Result<GraphQlResponse, Refusal> {
    let started = Instant::now();
    let variables = std::mem::replace(&mut operation.variables, Ok(Variables::default()));
    let Admitted { document, request, price } = match prepare_with(api, sender, &operation, variables) {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(*refused),
    };
    let Operation { name: operation_name, wants_cost, .. } = operation;
    let roots = document.roots(operation_name.as_deref());
    let waits = roots.is_some_and(Roots::waits);
    let response = if waits {
        // A poll changes nothing while it waits. To go on for a client that is gone would hand it work; to go
        // on while the server drains would hold that up.
        tokio::select! {
            response = api.executor().execute(request) => response,
            () = hung_up(gone) => Refusal::new(ErrorCode::Unavailable, "the client hung up").into_response(),
            () = api.drain_begins() => {
                Refusal::new(ErrorCode::Unavailable, "the server is shutting down").into_response()
            }
        }
    } else {
        let _turn = sender.seat.turn().await?;
        api.executor().execute(request).await
    };
    let mut response = answer::complete(response, roots, api.root_fields(), &sender.request_id.0);
    if let Some(price) = price.filter(|_| wants_cost).and_then(|price| async_graphql::to_value(price).ok()) {
        response.extensions.insert("cost".to_owned(), price);
    }

    let duration = started.elapsed();
    macro_rules! line {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                request_id = %sender.request_id,
                operation = operation_name.as_deref().filter(|_| roots.is_some()),
                fields = roots.map(Roots::summary),
                tenant.id = %sender.prefect.tenant.0.unwrap_or_else(|| sender.actor.default_tenant()),
                agent.id = sender.prefect.agent.0.map(tracing::field::display),
                errors = response.errors.len(),
                duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
                $message
            )
        };
    }
    if duration >= SLOW && !waits {
        line!(info, "slow request");
    } else {
        line!(debug, "request");
    }
    Ok(response)
}

/// Returns when the client is gone; never for a batch, whose other operations go on.
async fn hung_up(gone: Option<oneshot::Receiver<()>>) {
    match gone {
        Some(gone) => drop(gone.await),
        None => pending().await,
    }
}

/// The answer that refuses a request.
pub(super) fn refuse<E: Executor, B: Backend>(
    refusal: Refusal,
    api: &Api<E, B>,
    request_id: &RequestId,
) -> GraphQlResponse {
    tracing::debug!(%request_id, code = refusal.code.as_str(), "request refused");
    answer::complete(refusal.into_response(), None, api.root_fields(), &request_id.0)
}

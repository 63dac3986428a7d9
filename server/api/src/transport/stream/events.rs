//! Server-sent events, in the "distinct connections" mode of graphql-sse: a request is answered with `next` events and
//! a `complete`. For clients behind proxies that let no WebSocket through.

use super::{
    KEEP_ALIVE, Operation, Refusal, RequestId, Watch, ended, operation,
    post::{self, Sender, Unserved},
    reply,
};
use crate::{
    router::{Api, Backend},
    transport::variables,
};
use async_graphql::{Executor, Response as GraphQlResponse, parser::types::OperationType};
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
        request::Parts,
    },
    response::Response,
};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{BoxStream, unfold},
};
use signalbox_schema::ErrorCode;
use std::convert::Infallible;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Whether the client reads server-sent events.
pub(in crate::transport) fn wanted(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"))
}

/// Answers a `GET` with the request in its query string.
pub(super) async fn get<E: Executor, B: Backend>(api: Api<E, B>, head: &Parts, id: RequestId) -> Response {
    let sender = match post::identify(&api, &head.headers, &id).await {
        Ok(sender) => sender,
        Err(Unserved::Refused(refusal)) => return refused(StatusCode::UNAUTHORIZED, refusal, &id),
        Err(Unserved::Crowded(refusal)) => return post::too_many(refusal, &id),
    };
    let operation = match read_query(head.uri.query().unwrap_or_default()) {
        Ok(operation) => operation,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, refusal, &sender.request_id),
    };
    // A page that is visited can cause a GET; it must not change anything.
    let changes = post::prepare(&api, &sender, &operation)
        .is_ok_and(|admitted| operation::kind(&admitted, &operation) == Some(OperationType::Mutation));
    if changes {
        let refusal = Refusal::new(ErrorCode::BadRequest, "send mutations with POST");
        return refused(StatusCode::METHOD_NOT_ALLOWED, refusal, &sender.request_id);
    }
    answer(&api, &sender, operation)
}

/// Answers an operation with a stream of events.
pub(in crate::transport) fn answer<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    operation: Operation,
) -> Response {
    let answers = match operation::answers(api, sender, operation) {
        Ok(answers) => answers,
        // To a client of events a refusal is an answer like any other.
        Err(refused) => futures_util::stream::iter([*refused]).boxed(),
    };
    let mut keep_alive = interval(KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    keep_alive.reset();
    let (backend, actor, tenant) = (api.clone(), sender.actor.clone(), sender.prefect.tenant.0);
    let watch = Watch(tokio::spawn(async move { backend.backend().until_refused(&actor, tenant).await }));
    let stream = Events {
        api: api.clone(),
        id: sender.request_id.clone(),
        answers: Some(answers),
        keep_alive,
        watch,
        _sender: sender.clone(),
    };
    let body = unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would keep events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events<E, B> {
    api: Api<E, B>,
    id: RequestId,
    /// `None` once everything is said.
    answers: Option<BoxStream<'static, GraphQlResponse>>,
    keep_alive: Interval,
    watch: Watch<Refusal>,
    /// Holds the place of its tenant.
    _sender: Sender,
}

impl<E: Executor, B: Backend> Events<E, B> {
    async fn next(&mut self) -> Option<Bytes> {
        let answers = self.answers.as_mut()?;
        tokio::select! {
            biased;
            // Without `complete`: the client comes back, to another server or to this one after its restart.
            () = self.api.drain_begins() => None,
            refusal = ended(&mut self.watch) => {
                self.answers = None;
                let last = post::refuse(refusal, &self.api, &self.id);
                Some(Bytes::from(next_event(&last) + COMPLETE))
            }
            answer = answers.next() => Some(if let Some(answer) = answer {
                next_event(&answer).into()
            } else {
                self.answers = None;
                Bytes::from_static(COMPLETE.as_bytes())
            }),
            _ = self.keep_alive.tick() => Some(Bytes::from_static(b":\n\n")),
        }
    }
}

const COMPLETE: &str = "event: complete\ndata: \n\n";

/// JSON has no line breaks outside of strings, and in them they are escaped.
fn next_event(answer: &GraphQlResponse) -> String {
    let json = serde_json::to_string(answer).unwrap_or_else(|_| "null".to_owned());
    // JSON columns are stored text and may have been sent with line breaks between their values.
    let json = if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json };
    format!("event: next\ndata: {json}\n\n")
}

fn refused(status: StatusCode, refusal: Refusal, id: &RequestId) -> Response {
    reply::refusal(status, refusal, Some(id))
}

/// The request in a query string: `query`, `variables` (JSON text), `operationName`.
fn read_query(query: &str) -> Result<Operation, Refusal> {
    let (mut document, mut name, mut variables) = (None, None, None);
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || decoded(value);
        match key {
            "query" => document = Some(value()?),
            "operationName" => name = Some(value()?).filter(|name| !name.is_empty()),
            "variables" => variables = Some(value()?),
            _ => {}
        }
    }
    let document = document.ok_or_else(|| {
        Refusal::new(
            ErrorCode::BadRequest,
            "the parameter `query` is missing; its value is a GraphQL document",
        )
    })?;
    let variables = variables.filter(|text| !text.trim().is_empty());
    let variables =
        variables.map_or_else(|| Ok(async_graphql::Variables::default()), |text| variables::parse(&text));
    Ok(Operation { document, name, variables, wants_cost: false })
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Result<String, Refusal> {
    let malformed = || Refusal::new(ErrorCode::BadRequest, "the query string is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => u8::try_from(high * 16 + low).map_err(|_| malformed())?,
                    _ => return Err(malformed()),
                }
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_a_request() {
        let read =
            read_query("query=%7B+a%20%7D&variables=%7B%22x%22%3A1%7D&operationName=&other=1").unwrap();
        assert_eq!((read.document.as_str(), read.name), ("{ a }", None));
        assert_eq!(read.variables.unwrap().into_value().to_string(), "{x: 1}");
        for bad in ["", "variables=1", "query=%", "query=%zz", "query=%ff"] {
            assert!(read_query(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_who_asks_for_events_gets_them() {
        let accepts =
            |text: &'static str| wanted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]));
        assert!(accepts("text/event-stream") && accepts("application/json, text/event-stream;q=0.9"));
        assert!(!accepts("*/*") && !accepts("text/html"));
    }
}

//! HTTP answers: JSON bodies, compressed when that pays.

use super::{Refusal, RequestId};
use async_graphql::Response as GraphQlResponse;
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY},
    },
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use signalbox_schema::ErrorCode;
use std::io::Write;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A GraphQL answer, or a list of them. `gzip_from` is the size from which it is compressed.
pub(super) fn graphql(answers: &impl Serialize, gzip_from: Option<usize>) -> Response {
    let Ok(body) = serde_json::to_vec(answers) else {
        // Only a map whose keys are no strings could fail, and GraphQL has none.
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, internal(), None);
    };
    if gzip_from.is_none_or(|size| body.len() < size) {
        return json(StatusCode::OK, body);
    }
    match gzip(&body) {
        Ok(packed) => {
            let mut response = json(StatusCode::OK, packed);
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
            response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
            response
        }
        Err(_) => json(StatusCode::OK, body),
    }
}

/// The fast level: the answers are JSON, which it already makes five to ten times smaller.
fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Whether the client reads gzip. `gzip;q=0` says that it does not.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let refused =
                parameters.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
            matches!(name.trim(), "gzip" | "*") && !refused
        })
}

/// An answer that is only an error. `429` and `503` say when to come back; nothing else is worth repeating, and the
/// stock client repeats whatever carries `Retry-After` (and sleeps for three minutes on a `429` without it).
pub(crate) fn refusal(status: StatusCode, refusal: Refusal, request_id: Option<&RequestId>) -> Response {
    #[derive(Serialize)]
    struct Body {
        data: (),
        errors: [Error; 1],
    }
    #[derive(Serialize)]
    struct Error {
        message: String,
        extensions: Extensions,
    }
    #[derive(Serialize)]
    struct Extensions {
        code: &'static str,
        retryable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    }
    let extensions = Extensions {
        code: refusal.code.as_str(),
        retryable: refusal.code.is_retryable(),
        request_id: request_id.map(ToString::to_string),
    };
    let body = Body { data: (), errors: [Error { message: refusal.message, extensions }] };
    let mut response = json(status, serde_json::to_vec(&body).unwrap_or_default());
    let retry_after = match status {
        StatusCode::SERVICE_UNAVAILABLE => Some("2"),
        StatusCode::TOO_MANY_REQUESTS => Some("1"),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    response
}

/// The methods that a path knows.
pub(crate) fn allow(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// What the sender learns of a defect.
pub(crate) fn internal() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the server failed; its log has the details under the request id")
}

/// Either shape of an answer.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Answers {
    Single(GraphQlResponse),
    Batch(Vec<GraphQlResponse>),
}

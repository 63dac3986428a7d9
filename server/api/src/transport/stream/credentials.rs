//! Who is at the other end of a WebSocket: the headers of its upgrade, or, since a page in a browser cannot set any,
//! the payload of `connection_init`.

use super::{Refusal, context::X_PREFECT_TENANT_ID};
use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde_json::{Map, Value};
use signalbox_schema::ErrorCode;

/// The headers with what the payload adds or replaces.
pub(super) fn merged(headers: &HeaderMap, payload: &Map<String, Value>) -> Result<HeaderMap, Refusal> {
    let mut merged = headers.clone();
    // Some clients put headers into an object of their own.
    let inner = payload.get("headers").and_then(Value::as_object);
    for (name, value) in inner.into_iter().flatten().chain(payload) {
        let Some(value) = value.as_str() else { continue };
        let header = |value: &str| {
            HeaderValue::from_str(value).map_err(|_| {
                Refusal::new(ErrorCode::Unauthenticated, format!("{name} in connection_init is malformed"))
            })
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => drop(merged.insert(AUTHORIZATION, header(value)?)),
            "authtoken" | "auth_token" => {
                merged.insert(AUTHORIZATION, header(&format!("Bearer {value}"))?);
            }
            "x-prefect-tenant-id" => drop(merged.insert(X_PREFECT_TENANT_ID, header(value)?)),
            _ => {}
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn authorization(payload: &Value) -> Option<String> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer old"))]);
        let merged = merged(&headers, payload.as_object().unwrap()).ok()?;
        Some(merged[AUTHORIZATION].to_str().unwrap().to_owned())
    }

    #[test]
    fn the_payload_stands_in_for_headers() {
        for (payload, expected) in [
            (json!({}), "Bearer old"),
            (json!({"Authorization": "Bearer new"}), "Bearer new"),
            (json!({"authToken": "new"}), "Bearer new"),
            (json!({"headers": {"authorization": "Bearer new"}}), "Bearer new"),
            (json!({"authorization": 7}), "Bearer old"),
        ] {
            assert_eq!(authorization(&payload).as_deref(), Some(expected), "{payload}");
        }
        assert_eq!(authorization(&json!({"authToken": "a\nb"})), None);
    }
}

//! Who sends a request, and whether a browser may. What an actor may do is decided by
//! `signalbox_core::access`; keys are looked up by the services.

mod browser;

pub use browser::BrowserPolicy;

use crate::{router::Backend, transport::Refusal};
use axum::http::{HeaderMap, header::AUTHORIZATION};
use signalbox_core::access::Actor;
use signalbox_schema::ErrorCode;

/// Whether requests without a key are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doors {
    /// Whoever reaches the port may do everything: only this machine can, or the operator wanted it so.
    Open,
    /// Every request needs a key.
    Keys,
}

/// Longest header that is looked at; our keys have about 50 characters.
const MOST_BYTES: usize = 4096;

/// The actor behind a request. A key is checked even when none is needed: somebody who sends a revoked key
/// must learn of it.
pub(crate) async fn identify<B: Backend>(
    doors: Doors,
    backend: &B,
    headers: &HeaderMap,
) -> Result<Actor, Refusal> {
    match (bearer(headers)?, doors) {
        (Some(key), _) => backend.authenticate(key).await,
        (None, Doors::Open) => Ok(backend.local()),
        (None, Doors::Keys) => Err(Refusal::new(
            ErrorCode::Unauthenticated,
            "this server needs an API key; send the header \"Authorization: Bearer sbx_…\"",
        )),
    }
}

/// The key of the request, if it has one. The message is one that the stock client looks for.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value
        .to_str()
        .ok()
        .filter(|value| value.len() <= MOST_BYTES)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .filter(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()));
    match key {
        Some(key) if values.next().is_none() => Ok(Some(key)),
        _ => Err(Refusal::new(ErrorCode::Unauthenticated, "Malformed Authorization header")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_key_is_read_and_everything_else_is_malformed() {
        assert_eq!(bearer(&with(&[])), Ok(None));
        assert_eq!(bearer(&with(&["Bearer sbx_1"])), Ok(Some("sbx_1")));
        assert_eq!(bearer(&with(&["bearer  sbx_1 "])), Ok(Some("sbx_1")));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "sbx_1", "Bearer a b", "Bearer None\tx"] {
            let refusal = bearer(&with(&[bad])).unwrap_err();
            assert_eq!(refusal.message, "Malformed Authorization header", "{bad:?}");
        }
        assert!(bearer(&with(&["Bearer a", "Bearer b"])).is_err());
    }
}

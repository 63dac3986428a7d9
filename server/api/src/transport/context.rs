//! What the transport tells every resolver about its request, besides [`signalbox_core::access::Actor`].
//! Each is put into the request's context data by its own type: `ctx.data::<AgentHeader>()`.

use crate::transport::Refusal;
use axum::http::{HeaderMap, HeaderName};
use signalbox_core::ids::Ids;
use signalbox_schema::{AgentId, ErrorCode, TenantId};
use std::{fmt, str::FromStr, sync::Arc};

/// The tenant that the request names in `X-PREFECT-TENANT-ID`; an input may name another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedTenant(pub Option<TenantId>);

/// The agent that sent the request (`X-PREFECT-AGENT-ID`). The stock agent sends it once it is registered;
/// the flow-run processes it starts do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentHeader(pub Option<AgentId>);

/// The version of the sender's library (`X-PREFECT-CORE-VERSION`), cut to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreVersion(pub Option<String>);

/// The id under which this request appears in answers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// The header that carries a [`RequestId`] in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const X_PREFECT_TENANT_ID: HeaderName = HeaderName::from_static("x-prefect-tenant-id");
const X_PREFECT_AGENT_ID: HeaderName = HeaderName::from_static("x-prefect-agent-id");
const X_PREFECT_CORE_VERSION: HeaderName = HeaderName::from_static("x-prefect-core-version");

const CORE_VERSION_CHARS: usize = 64;
const REQUEST_ID_BYTES: usize = 128;

impl RequestId {
    /// The sender's own id if it is short and of harmless characters (it goes into logs), else a new one.
    pub(crate) fn of(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| {
            (1..=REQUEST_ID_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
        });
        Self(sent.map_or_else(|| ids.id().to_string().into(), Into::into))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The headers of the Prefect client, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PrefectHeaders {
    pub tenant: RequestedTenant,
    pub agent: AgentHeader,
    pub core_version: CoreVersion,
}

impl PrefectHeaders {
    /// Reads them; an id that is no UUID is the sender's mistake and refused.
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        Ok(Self {
            tenant: RequestedTenant(id(headers, &X_PREFECT_TENANT_ID)?),
            agent: AgentHeader(id(headers, &X_PREFECT_AGENT_ID)?),
            core_version: CoreVersion(
                headers
                    .get(X_PREFECT_CORE_VERSION)
                    .and_then(|value| value.to_str().ok())
                    .map(|version| version.chars().take(CORE_VERSION_CHARS).collect()),
            ),
        })
    }
}

fn id<T: FromStr>(headers: &HeaderMap, name: &HeaderName) -> Result<Option<T>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(text) => text.parse().map(Some).map_err(|_| not_an_id(name)),
        Err(_) => Err(not_an_id(name)),
    }
}

fn not_an_id(name: &HeaderName) -> Refusal {
    Refusal::new(ErrorCode::InvalidInput, format!("the header {name} is not a UUID"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use signalbox_core::ids::CountedIds;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_sane_request_id_is_kept_and_any_other_replaced() {
        let ids = CountedIds::default();
        assert_eq!(&*RequestId::of(&headers(&[("x-request-id", "trace-1:a")]), &ids).0, "trace-1:a");
        for bad in ["", "has space", "quote\"", &"x".repeat(129)] {
            let id = RequestId::of(&headers(&[("x-request-id", bad)]), &ids);
            assert!(uuid::Uuid::parse_str(&id.0).is_ok(), "{bad:?} became {id}");
        }
    }

    #[test]
    fn ids_in_headers_are_checked() {
        let id = "0192c5a0-0000-7000-8000-000000000001";
        let read = PrefectHeaders::read(&headers(&[("x-prefect-tenant-id", id), ("x-prefect-agent-id", "")]));
        let read = read.unwrap();
        assert_eq!(read.tenant.0.unwrap().to_string(), id);
        assert_eq!(read.agent, AgentHeader(None));
        let refusal = PrefectHeaders::read(&headers(&[("x-prefect-agent-id", "7")])).unwrap_err();
        assert_eq!(refusal.message, "the header x-prefect-agent-id is not a UUID");
    }
}

//! GraphQL over HTTP: from the bytes of a POST to the bytes of its answer. Rules of the product do not
//! belong here, only what the wire needs; see `signalbox-services` for the rest.

mod context;
mod document;
mod limits;
mod refusal;
mod surrogates;
mod variables;
mod wire;

pub use context::{AgentHeader, CoreVersion, RequestId, RequestedTenant};
pub use limits::HttpLimits;
pub use refusal::Refusal;

//! GraphQL over HTTP: from the bytes of a POST to the bytes of its answer. Rules of the product do not
//! belong here, only what the wire needs; see `signalbox-services` for the rest.

mod admit;
mod answer;
mod body;
pub(crate) mod context;
mod document;
mod limits;
mod post;
mod refusal;
pub(crate) mod reply;
mod root_fields;
pub(crate) mod stream;
mod surrogates;
mod tenants;
mod variables;
mod wire;

pub use context::{AgentHeader, CoreVersion, RequestId, RequestedTenant};
pub use limits::{HttpLimits, TenantLimits};
pub use refusal::Refusal;
pub use root_fields::RootFields;

pub(crate) use admit::{Admitted, Asked, admit};
pub(crate) use body::Budget;
pub(crate) use document::Documents;
pub(crate) use post::post;
pub(crate) use tenants::Tenants;

use document::Roots;
use wire::{Operation, Payload};

#[cfg(test)]
mod tests;

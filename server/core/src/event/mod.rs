//! Events: what happened, in the order in which it was committed. Automations, notifications, webhooks and
//! subscriptions all read this one log. Here is what an event is; who writes it down is storage's affair
//! (`TenantTx::record`), and it is written in the same transaction as what it tells of.

mod id;
mod kind;
mod new;

pub use id::event_id;
pub use kind::EventKind;
pub use new::NewEvent;

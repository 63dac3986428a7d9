//! Tenants: the units of isolation.

mod create;

pub use create::create;
pub(crate) use create::ensure_default;

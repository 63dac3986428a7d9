//! Tenants: the units of isolation.

mod create;
mod delete;
mod set_retention;
mod update;

pub use create::create;
pub(crate) use create::ensure_default;
pub use delete::delete;
pub use set_retention::{SetRetention, set_retention};
pub use update::{Change, update};

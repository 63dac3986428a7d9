//! Tenants: the units of isolation.

mod create;
mod delete;
mod update;

pub use create::create;
pub(crate) use create::ensure_default;
pub use delete::delete;
pub use update::{Change, update};

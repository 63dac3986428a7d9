//! Concurrency limits: made, changed, deleted, and the slots that runs take under them.

mod delete;
mod set;
mod slots;

pub use delete::delete;
pub use set::{Name, set};
pub use signalbox_storage::repo::concurrency::About;
pub(crate) use slots::Slots;

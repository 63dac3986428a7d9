//! The log of events.

mod append;
mod read;

pub(crate) use append::append;
pub use read::{Event, after, last_position, of_flow_run, oldest_position};

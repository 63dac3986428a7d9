//! Agents: who takes runs.

mod delete;
mod poll;
mod register;

pub use delete::delete;
pub(crate) use poll::{PollCache, note_poll};
pub use register::{RegisterAgent, register};

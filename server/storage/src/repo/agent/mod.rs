//! Agents.

mod poll;
mod register;

pub use poll::{exists, note_poll};
pub use register::{NewAgent, delete, register};

//! Agents.

mod poll;
mod register;

pub use poll::note_poll;
pub use register::{NewAgent, delete, register};

//! Agents.

mod poll;

pub use poll::note_poll;

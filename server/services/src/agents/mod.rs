//! Agents.

mod poll;

pub(crate) use poll::{PollCache, note_poll};

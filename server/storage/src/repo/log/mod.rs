//! Log lines.

mod append;
mod follow;
mod known;

pub use append::{NewLog, append};
pub use follow::{LogLine, after, last_position};
pub use known::{known_lines, known_runs};

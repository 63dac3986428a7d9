//! Log lines of runs.

mod append;

pub(crate) use append::{AppendBatch, identified};
pub use append::{LogLine, append};

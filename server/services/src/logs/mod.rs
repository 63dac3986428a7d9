//! Log lines of runs.

mod append;

pub(crate) use append::AppendBatch;
pub use append::{LogLine, append};

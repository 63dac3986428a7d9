//! Log lines.

mod mutation;

pub use mutation::LogMutation;

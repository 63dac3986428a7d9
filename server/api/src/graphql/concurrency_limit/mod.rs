//! Concurrency limits.

mod mutation;

pub use mutation::ConcurrencyLimitMutation;

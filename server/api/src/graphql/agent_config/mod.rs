//! Settings that agents fetch by id.

mod mutation;

pub use mutation::AgentConfigMutation;

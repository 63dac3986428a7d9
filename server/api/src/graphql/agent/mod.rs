//! Agents and their settings.

mod mutation;

pub use mutation::AgentMutation;

//! Flow runs.

mod claim;
mod mutation;
mod queue;

pub use claim::ClaimMutation;
pub use mutation::FlowRunMutation;
pub use queue::QueueMutation;

//! Flow runs.

mod claim;
mod edit;
mod explain;
mod mutation;
mod queue;
mod steer;

pub use claim::ClaimMutation;
pub use edit::FlowRunEditMutation;
pub use explain::FlowRunExplainQuery;
pub use mutation::FlowRunMutation;
pub use queue::QueueMutation;
pub use steer::FlowRunSteerMutation;

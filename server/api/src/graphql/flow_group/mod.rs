//! Flow groups.

mod lost_policy;
mod mutation;
mod schedule;

pub use mutation::FlowGroupMutation;
pub use schedule::FlowGroupScheduleMutation;

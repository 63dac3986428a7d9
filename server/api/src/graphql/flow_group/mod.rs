//! Flow groups.

mod mutation;
mod schedule;

pub use mutation::FlowGroupMutation;
pub use schedule::FlowGroupScheduleMutation;

//! Artifacts of task runs.

mod mutation;

pub use mutation::TaskRunArtifactMutation;

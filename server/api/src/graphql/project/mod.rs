//! Projects.

mod mutation;

pub use mutation::ProjectMutation;

//! Artifacts: links and Markdown that a task run leaves for people.

mod create;
mod delete;
mod update;

pub use create::{CreateArtifact, create};
pub use delete::delete;
pub use update::update;

/// Largest artifact, in bytes of JSON (the limit of Prefect's own server).
const LARGEST: usize = 1_000_000;

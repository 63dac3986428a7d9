//! Projects: named folders of flows.

mod create;
mod delete;
mod update;

pub use create::{CreateProject, create};
pub use delete::delete;
pub use update::{Change, update};

//! Flows: registered, put away, deleted; their schedules switched.

mod archive;
mod compressed;
mod create;
mod delete;
mod document;
mod graph;
mod project;
mod register_edges;
mod register_tasks;
mod schedule;
mod switches;

pub use archive::archive;
pub use compressed::decompress;
pub use create::{CreateFlow, create};
pub use delete::delete;
pub use project::set_project;
pub use register_edges::register_edges;
pub use register_tasks::register_tasks;
pub(crate) use schedule::check_schedule;
pub use schedule::{activate_schedule, deactivate_schedule};
pub use switches::{Switch, set_switch};

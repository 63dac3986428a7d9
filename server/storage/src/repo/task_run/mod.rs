//! Task runs.

mod get_or_create;
mod set_state;

pub use get_or_create::{TaskRunInfo, TaskRunKey, find, get_or_create, serialized_state, touch};
pub use set_state::{LoadedTaskRun, TaskRunUpdate, due_retries, load, update};

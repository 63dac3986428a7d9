//! Task runs.

mod children;
mod edit;
mod follow;
mod get_or_create;
mod interrupted;
mod restart;
mod set_state;

pub use children::{ChildrenInState, children};
pub use edit::{exists, set_name};
pub use follow::{first_states, states_after, states_at, version};
pub use get_or_create::{TaskRunInfo, TaskRunKey, find, get_or_create, serialized_state, touch};
pub use interrupted::{Interrupted, interrupted};
pub use restart::{of_flow_run, set_all, was_resumed};
pub use set_state::{LoadedTaskRun, TaskRunUpdate, due_retries, load, update};

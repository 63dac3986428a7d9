//! Task runs: found or made, and reported on.

mod heartbeat;
mod info;
mod set_states;

pub use heartbeat::heartbeat;
pub(crate) use info::InfoBatch;
pub use info::{TaskRunInfo, TaskRunKey, get_or_create, serialized_state};
pub(crate) use set_states::StateBatch;
pub use set_states::{SetTaskRunState, set_state};

//! Task runs: found or made, and reported on.

mod children;
mod heartbeat;
mod info;
mod rename;
mod resume;
mod set_states;

pub use children::{MappedChildren, mapped_children};
pub use heartbeat::heartbeat;
pub(crate) use info::InfoBatch;
pub use info::{TaskRunInfo, TaskRunKey, get_or_create, serialized_state};
pub use rename::rename;
pub use resume::resume;
pub(crate) use set_states::StateBatch;
pub use set_states::{SetTaskRunState, set_state};

//! Flow runs: made, handed out, reported on, stopped.

mod cancel;
mod claim;
mod create;
mod delete;
mod explain;
mod hand_out;
mod heartbeat;
mod pause;
mod relabel;
mod release;
mod rename;
mod reprioritize;
mod restart;
mod resume;
mod set_states;
mod waiting;

pub use cancel::cancel;
pub(crate) use claim::Boards;
pub use claim::{Action, Claim, Claimed, ClaimedRun, Directive, Held, claim};
pub(crate) use create::CreateBatch;
pub use create::{CreateFlowRun, CreatedFlowRun, FlowRef, create};
pub use delete::delete;
pub use explain::{Explained, explain};
pub use hand_out::{HandOut, hand_out};
pub(crate) use heartbeat::HeartbeatBatch;
pub use heartbeat::heartbeat;
pub use pause::pause;
pub use relabel::relabel;
pub use release::release;
pub use rename::rename;
pub use reprioritize::reprioritize;
pub use restart::{Restart, restart};
pub use resume::resume;
pub(crate) use set_states::StateBatch;
pub use set_states::{SetFlowRunState, Told, set_state};

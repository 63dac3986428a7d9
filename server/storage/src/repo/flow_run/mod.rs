//! Flow runs.

mod blueprint;
mod edit;
mod heartbeat;
mod insert;
mod lease;
mod queue;
mod set_state;
mod unfinished;

pub use blueprint::{Blueprint, BlueprintTask, blueprints, newest_of_version_group};
pub use edit::{delete, delete_auto_scheduled, exists, set_labels, set_name};
pub use heartbeat::touch;
pub use insert::{NewFlowRun, existing, insert};
pub use lease::{
    ClaimedFlowRun, HeldRun, claimable, claimed, held, release, renew, submitted_by_claim, take,
};
pub use queue::{DueLabels, due_labels, due_runs, earliest_retry, retry_due_runs};
pub use set_state::{FlowRunUpdate, load, update};

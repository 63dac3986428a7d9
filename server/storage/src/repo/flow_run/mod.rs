//! Flow runs.

mod blueprint;
mod edit;
pub mod facts;
mod follow;
mod heartbeat;
mod insert;
mod lease;
mod lost;
mod pause;
mod queue;
mod queued;
mod set_state;
mod unfinished;

pub use blueprint::{Blueprint, BlueprintTask, blueprints, newest_of_version_group};
pub use edit::{delete, delete_auto_scheduled, delete_planned, exists, set_labels, set_name, set_priority};
pub use follow::{PastState, states_after, version};
pub use heartbeat::touch;
pub use insert::{NewFlowRun, existing, insert};
pub use lease::{
    ClaimedFlowRun, HeldRun, claimable, claimed, held, release, renew, submitted_before, submitted_by_claim,
    submitted_by_claims, take,
};
pub use lost::{AtWork, end_lease, seize, silent, watched};
pub use pause::{Standing, last_scheduled, standing, task_slugs};
pub use queue::{
    Asker, Draw, DueRetry, Lot, Waiting, due_runs, earliest_retry, lots, reserve, retry_due_runs,
};
pub use queued::{stay_queued, stored_state};
pub use set_state::{FlowRunUpdate, load, update};

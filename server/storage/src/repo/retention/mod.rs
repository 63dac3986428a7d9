//! Deleting what a tenant does not keep any longer, a few rows at a time.

mod delete;
mod ended;
mod event;
mod tenants;

pub use delete::{Deleted, delete_logs, delete_run, delete_states};
pub use ended::{EndedRun, ended_runs, still_ended};
pub use event::delete_events;
pub use tenants::settings_of_tenants;

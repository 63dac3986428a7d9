//! What the scheduler reads: flows whose schedule makes runs, and the runs that they have ahead. Making runs belongs
//! to [`flow_run`](super::flow_run).

mod ahead;
mod document;
mod scheduled;

pub use ahead::{Ahead, ahead};
pub use document::{documents, scheduled_of_group};
pub use scheduled::{Revision, ScheduledFlow, scheduled_flows};

//! What the scheduler reads: flows whose schedule makes runs, the runs that they have ahead, and those that are due.
//! Making runs belongs to [`flow_run`](super::flow_run).

mod ahead;
mod document;
mod scheduled;
mod slots;

pub use ahead::{Ahead, ahead};
pub use document::{Document, documents, scheduled_of_group, set_planned_until};
pub use scheduled::{Revision, ScheduledFlow, scheduled_flows};
pub use slots::{Slots, judged, slots};

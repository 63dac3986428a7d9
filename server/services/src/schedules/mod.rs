//! Schedules become runs. Which runs is decided by `signalbox_core::schedule`; when to look is the scheduler's matter
//! ([`crate::background::scheduler`]). Switching and replacing schedules belongs to flows and flow groups, which call
//! [`plan_flow`] and [`plan_group`] afterwards.

mod admission;
mod draft;
mod make;
mod now;
mod plan;

pub(crate) use admission::Admission;
pub use now::{plan_flow, plan_group};
pub(crate) use plan::{Next, Planned, announce, plan};

#[cfg(test)]
mod tests;

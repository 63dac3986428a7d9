//! Which scheduled runs that are due may start, wait, or are skipped. Performing it belongs to the services, inside
//! the transaction that hands a run out, so that two agents at once cannot both be right.

use super::policy::{Overlap, Policy};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::FlowRunId;
use std::fmt;

/// A scheduled run that is due and has not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub id: FlowRunId,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// Whether this is its first state. A run that was begun, or that somebody moved, is never skipped: it is more
    /// than a slot of the schedule.
    pub is_fresh: bool,
}

/// Why a run is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// It is later than the catch-up window.
    TooLate {
        /// How late.
        late: TimeDelta,
        /// The window.
        window: TimeDelta,
    },
    /// Another run is active.
    Overlap {
        /// That run.
        active: FlowRunId,
    },
    /// Another run waits already for the active one.
    QueueFull {
        /// The one that waits.
        waiting: FlowRunId,
    },
    /// A later slot came due before this one could start.
    Superseded {
        /// The run of the later slot.
        by: FlowRunId,
    },
}

impl Skipped {
    /// A word for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLate { .. } => "too_late",
            Self::Overlap { .. } => "overlap",
            Self::QueueFull { .. } => "queue_full",
            Self::Superseded { .. } => "superseded",
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate { late, window } => write!(
                f,
                "Skipped: {} s late, and the flow's catch-up window is {} s.",
                late.num_seconds(),
                window.num_seconds()
            ),
            Self::Overlap { active } => {
                write!(f, "Skipped: flow run {active} was still active (overlap policy 'skip').")
            }
            Self::QueueFull { waiting } => {
                write!(f, "Skipped: flow run {waiting} waits already (overlap policy 'queue_one').")
            }
            Self::Superseded { by } => {
                write!(f, "Skipped: flow run {by} came due meanwhile (overlap policy 'cancel_other').")
            }
        }
    }
}

/// What must happen to the waiting runs of a flow group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    /// These are skipped.
    pub skip: Vec<(FlowRunId, Skipped)>,
    /// The active runs are to be cancelled.
    pub cancel_active: bool,
    /// The others wait for the end of this run; `None` lets one start.
    pub wait_for: Option<FlowRunId>,
}

/// Decides for the runs of one flow group, given those that are active. `waiting` is in order of time.
pub fn settle(policy: &Policy, active: &[FlowRunId], waiting: &[Waiting], now: DateTime<Utc>) -> Settlement {
    let mut skip = Vec::new();
    let mut left = Vec::with_capacity(waiting.len());
    for run in waiting {
        match policy.catch_up {
            Some(window) if run.is_fresh && now - run.due > window => {
                skip.push((run.id, Skipped::TooLate { late: now - run.due, window }));
            }
            _ => left.push(*run),
        }
    }
    let active = active.first().copied();
    let fresh = left.iter().filter(|run| run.is_fresh).map(|run| run.id);
    let mut cancel_active = false;
    match (policy.overlap, active) {
        (Overlap::Allow, _) => return Settlement { skip, ..Settlement::default() },
        (Overlap::Skip | Overlap::QueueOne, None) => {}
        (Overlap::Skip, Some(active)) => skip.extend(fresh.map(|id| (id, Skipped::Overlap { active }))),
        (Overlap::QueueOne, Some(_)) => {
            if let Some(first) = left.first() {
                let behind = fresh.filter(|id| *id != first.id);
                skip.extend(behind.map(|id| (id, Skipped::QueueFull { waiting: first.id })));
            }
        }
        (Overlap::CancelOther, _) => {
            if let Some(last) = left.last() {
                skip.extend(
                    fresh.filter(|id| *id != last.id).map(|id| (id, Skipped::Superseded { by: last.id })),
                );
                cancel_active = active.is_some();
            }
        }
    }
    Settlement { skip, cancel_active, wait_for: active }
}

//! Concurrency limits: how many flow runs with a label, and how many task runs with a tag, may be under way at once.
//!
//! A run takes one slot of every limit on its labels (a task run: on its tags), or none. It has them for as long as
//! somebody works on it: the database removes them with the change of state that ends that. Whoever lets a run begin asks
//! for a place first; that it then has its slots is seen to wherever states are written.

mod ledger;

pub use ledger::{Full, Ledger, Limit};

use signalbox_schema::StateType;

/// Whether a flow run in this state has its slots: from the moment an agent has it until its work was seen to end.
pub const fn occupies(state: StateType) -> bool {
    matches!(state, StateType::Submitted | StateType::Running | StateType::Cancelling)
}

/// Whether a flow run that gets this state gets slots with it.
pub const fn takes_slots(next: StateType) -> bool {
    matches!(next, StateType::Submitted | StateType::Running)
}

/// Whether a flow run in `before` needs free slots to get `next`: it begins. One that was begun before has them (also
/// one that was paused in the middle, which the caller must know).
pub const fn needs_slots(before: StateType, next: StateType) -> bool {
    takes_slots(next) && !occupies(before)
}

/// The same for a task run, which has its slots while it is `Running`.
pub fn task_needs_slots(before: Option<StateType>, next: StateType) -> bool {
    next == StateType::Running && before != Some(StateType::Running)
}

/// Least and greatest priority of a run. Bounded because hand-out looks at one priority after the other.
pub const PRIORITIES: std::ops::RangeInclusive<i64> = -1_000..=1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_once_when_work_begins() {
        use StateType::{Cancelling, Failed, Pending, Queued, Running, Scheduled, Submitted, Success};
        for (before, next, expected) in [
            (Scheduled, Submitted, true),
            (Scheduled, Running, true),
            (Queued, Running, true),
            (Pending, Running, true),
            (Failed, Running, true),
            (Submitted, Running, false),
            (Running, Running, false),
            (Running, Success, false),
            (Running, Cancelling, false),
            (Cancelling, Running, false),
            (Failed, Scheduled, false),
        ] {
            assert_eq!(needs_slots(before, next), expected, "{before} → {next}");
        }
        assert!(task_needs_slots(None, Running) && task_needs_slots(Some(Pending), Running));
        assert!(!task_needs_slots(Some(Running), Running) && !task_needs_slots(Some(Running), Success));
    }
}

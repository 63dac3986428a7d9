//! Concurrency limits: how many flow runs with a label, and how many task runs with a tag, may be under way at once.
//!
//! A run takes one slot of every limit on its labels (a task run: on its tags), or none. It has them for as long as
//! somebody works on it: the database removes them with the change of state that ends that.

mod ledger;

pub use ledger::{Full, Ledger, Limit};

use signalbox_schema::StateType;

/// Whether a flow run in this state has its slots: from the moment an agent has it until its work was seen to end.
pub const fn occupies(state: StateType) -> bool {
    matches!(state, StateType::Submitted | StateType::Running | StateType::Cancelling)
}

/// What a flow run that gets a state does about slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    None,
    /// It begins: it needs a free slot of every limit.
    Free,
    /// It was begun before: it has its slots. Those of limits that came since it gets, free or not.
    Held,
}

/// What a flow run in `before` that gets `next` does about slots.
pub const fn demand(before: StateType, next: StateType) -> Demand {
    match next {
        StateType::Submitted | StateType::Running if occupies(before) => Demand::Held,
        StateType::Submitted | StateType::Running => Demand::Free,
        _ => Demand::None,
    }
}

/// The same for a task run, which has its slots while it is `Running`.
pub fn task_demand(before: Option<StateType>, next: StateType) -> Demand {
    match (before, next) {
        (Some(StateType::Running), StateType::Running) => Demand::Held,
        (_, StateType::Running) => Demand::Free,
        _ => Demand::None,
    }
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
            (Scheduled, Submitted, Demand::Free),
            (Scheduled, Running, Demand::Free),
            (Queued, Running, Demand::Free),
            (Pending, Running, Demand::Free),
            (Failed, Running, Demand::Free),
            (Submitted, Running, Demand::Held),
            (Running, Running, Demand::Held),
            (Running, Success, Demand::None),
            (Running, Cancelling, Demand::None),
            (Cancelling, Running, Demand::Held),
            (Failed, Scheduled, Demand::None),
        ] {
            assert_eq!(demand(before, next), expected, "{before} → {next}");
        }
        assert_eq!(task_demand(None, Running), Demand::Free);
        assert_eq!(task_demand(Some(Pending), Running), Demand::Free);
        assert_eq!(task_demand(Some(Running), Running), Demand::Held);
        assert_eq!(task_demand(Some(Running), Success), Demand::None);
    }
}

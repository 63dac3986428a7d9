//! Families: tables whose changes are told of together.

use crate::query::Plan;
use std::ops::BitOrAssign;

/// Tables that change together. Who follows a table is woken by changes of its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Flow runs and their states.
    FlowRuns,
    /// Task runs, their states and artifacts.
    TaskRuns,
    /// Log lines.
    Logs,
    /// The log of events.
    Events,
    /// What decides who may do what: tenants and keys.
    Access,
    /// Everything else, which changes seldom.
    Others,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 6] =
        [Self::FlowRuns, Self::TaskRuns, Self::Logs, Self::Events, Self::Access, Self::Others];

    /// The family of a table of the database.
    pub fn of(table: &str) -> Self {
        match table {
            "flow_run" | "flow_run_state" => Self::FlowRuns,
            "task_run" | "task_run_state" | "task_run_artifact" => Self::TaskRuns,
            "log" => Self::Logs,
            "event" => Self::Events,
            "tenant" | "api_key" => Self::Access,
            _ => Self::Others,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Families(u8);

impl Families {
    /// No family.
    pub const NONE: Self = Self(0);
    /// Every family.
    pub const ALL: Self = Self(u8::MAX >> 2);

    /// The families in it.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |family| self.0 & family.bit() != 0)
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The families of every table that a plan reads or compares, at whatever depth.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut families = Self::NONE;
        plan.each_table(&mut |table| families |= Family::of(table.name).into());
        families
    }
}

impl From<Family> for Families {
    fn from(family: Family) -> Self {
        Self(family.bit())
    }
}

impl BitOrAssign for Families {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let mut set = Families::NONE;
        assert!(set.is_empty());
        set |= Family::Logs.into();
        set |= Family::of("flow_run_state").into();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Family::FlowRuns, Family::Logs]);
        assert_eq!(Families::ALL.iter().collect::<Vec<_>>(), Family::ALL);
    }
}

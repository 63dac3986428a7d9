//! Concurrency limits and the slots taken under them.
//!
//! Slots are added here and removed by the database: by triggers when the work of a run ends, by foreign keys when a
//! run or a limit is deleted.

mod limit;
mod slot;

pub use limit::{delete, find, insert, occupy, set_slots};
pub use slot::{labels, ledger, lock, seated, tags};
pub(in crate::repo) use slot::{seat_flow_runs, seat_task_runs};

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A label of flow runs.
    Label,
    /// A tag of tasks.
    Tag,
}

impl About {
    /// The word for it.
    const fn what(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Tag => "tag",
        }
    }

    /// The table of the limits.
    pub(in crate::repo) const fn table(self) -> &'static str {
        match self {
            Self::Label => "flow_concurrency_limit",
            Self::Tag => "task_tag_limit",
        }
    }

    /// The column with the label or tag.
    pub(in crate::repo) const fn name(self) -> &'static str {
        match self {
            Self::Label => "name",
            Self::Tag => "tag",
        }
    }

    /// The column of a slot that says who has it.
    const fn run(self) -> &'static str {
        match self {
            Self::Label => "flow_run_id",
            Self::Tag => "task_run_id",
        }
    }

    /// The column of a slot that says which limit it belongs to.
    pub(in crate::repo) const fn limit(self) -> &'static str {
        match self {
            Self::Label => "flow_concurrency_limit_id",
            Self::Tag => "task_tag_limit_id",
        }
    }
}

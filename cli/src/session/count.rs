//! `…_aggregate { aggregate { count } }`: the shape in which the API counts rows.

use serde::Deserialize;

/// A counted relationship.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Counted {
    aggregate: Aggregate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
struct Aggregate {
    count: u64,
}

impl Counted {
    /// The number.
    pub(crate) fn count(self) -> u64 {
        self.aggregate.count
    }
}

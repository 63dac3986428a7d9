//! What reads may ask for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of reads. Reaching one is an error that names it and says what to change; nothing is cut silently, unless
/// the operator wanted pages by default. Each field is the setting of the server that its refusal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Rows of the root level (`max_rows`).
    pub max_rows_root: u64,
    /// Rows of one relation level, all parents together (`max_nested_rows`).
    pub max_rows_level: u64,
    /// Rows of a root list without `limit` (`default_rows`); without it all, up to the bound above.
    pub default_rows_root: Option<u64>,
    /// Rows per parent of a nested list without `limit` (`default_nested_rows`).
    pub default_rows_nested: Option<u64>,
    /// Relations inside one another, in selections and in predicates (`max_query_relations_deep`).
    pub max_depth: usize,
    /// Levels of one root field: the number of statements it may need (`max_query_relations`).
    pub max_levels: usize,
    /// Conditions and order terms of one root field (`max_query_conditions`). Stays well under SQLite's 1,000 levels
    /// of expression depth.
    pub max_conditions: usize,
    /// What one operation may cost, in values: rows times fields, as foreseen from the plan (`max_query_cost`).
    pub max_cost: u64,
    /// Bytes that the rows of one request may take in its answer (`max_answer_bytes`).
    pub max_answer_bytes: u64,
    /// How long the statements of one root field may take together (`query_timeout_seconds`).
    pub timeout: Duration,
}

impl ReadLimits {
    /// The most conditions that can be allowed: SQLite nests them.
    pub const MOST_CONDITIONS: usize = 800;
}

impl Default for ReadLimits {
    /// Generous for people and scripts: a table of 100,000 rows in one answer, a run's 200,000 log lines in one level.
    fn default() -> Self {
        Self {
            max_rows_root: 100_000,
            max_rows_level: 200_000,
            default_rows_root: None,
            default_rows_nested: None,
            max_depth: 10,
            max_levels: 50,
            max_conditions: 400,
            max_cost: 5_000_000,
            max_answer_bytes: 128 << 20,
            timeout: Duration::from_secs(30),
        }
    }
}

/// The bytes that a request may still write into its answer: shared by its root fields, which are read at once.
#[derive(Debug)]
pub struct Allowance {
    left: AtomicU64,
}

impl Allowance {
    /// An allowance of so many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes) }
    }

    /// Takes `bytes`, if there are as many left.
    pub fn take(&self, bytes: u64) -> bool {
        self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

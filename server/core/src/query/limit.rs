//! What one root field may ask for.

/// Bounds of one read. Reaching one is an error that says so; nothing is cut silently.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Rows of the root level.
    pub max_rows_root: u64,
    /// Rows of one relation level, all parents together.
    pub max_rows_level: u64,
    /// Relations inside one another, in selections and in predicates.
    pub max_depth: usize,
    /// Levels of one root field: the number of statements it may need.
    pub max_levels: usize,
    /// Conditions and order terms of one root field. Stays well under SQLite's 1,000 levels of expression depth.
    pub max_conditions: usize,
}

impl Default for ReadLimits {
    /// Generous for people and scripts: a table of 100,000 rows in one answer, a run's 200,000 log lines in one level.
    fn default() -> Self {
        Self {
            max_rows_root: 100_000,
            max_rows_level: 200_000,
            max_depth: 10,
            max_levels: 50,
            max_conditions: 400,
        }
    }
}

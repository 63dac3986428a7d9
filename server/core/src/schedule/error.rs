//! Why a schedule was refused: always where, which value, and what would be right.

use serde_json::Value;

/// Longest part of a refused value that is repeated in the message, in characters.
const SHOWN_CHARS: usize = 80;

/// A schedule that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} must be {expected}, not {value}")]
pub struct ScheduleError {
    /// Where in the document, e.g. `clocks[0].cron`.
    pub path: String,
    /// What would be right.
    pub expected: String,
    /// The refused value as JSON, cut when it is long.
    pub value: String,
}

impl ScheduleError {
    /// Says that the value at `path` is not what it must be.
    pub(super) fn new(path: impl Into<String>, expected: impl Into<String>, value: &Value) -> Self {
        let mut shown = value.to_string();
        if let Some((cut, _)) = shown.char_indices().nth(SHOWN_CHARS) {
            shown.truncate(cut);
            shown.push('…');
        }
        Self { path: path.into(), expected: expected.into(), value: shown }
    }
}

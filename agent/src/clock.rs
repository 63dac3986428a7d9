//! The agent's only look at the wall clock. What is decided from the time takes it as an argument.

use signalbox_schema::state::format_time;

/// The present moment as the API writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the program: log lines carry the time they were said"
)]
pub(crate) fn now() -> String {
    format_time(chrono::Utc::now())
}

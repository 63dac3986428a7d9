//! The agent's only look at the wall clock and at randomness. What is decided from either takes it as an argument.

use signalbox_schema::state::format_time;
use uuid::Uuid;

/// The present moment as the API writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the program: log lines carry the time they were said"
)]
pub(crate) fn now() -> String {
    format_time(chrono::Utc::now())
}

/// A name that nothing else has.
#[expect(clippy::disallowed_methods, reason = "the edge of the program: the name only has to be unique")]
pub(crate) fn unique_id() -> Uuid {
    Uuid::new_v4()
}

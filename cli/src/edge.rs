//! The only place of the command line that asks the machine for the time or for randomness. Everything else is given
//! both, so that what is printed can be tested.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the edge of the program: a person's clock is the input")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A key under which the server recognises a request that is sent a second time.
#[expect(clippy::disallowed_methods, reason = "the edge of the program: a key only has to be unique")]
pub(crate) fn idempotency_key() -> String {
    Uuid::new_v4().simple().to_string()
}

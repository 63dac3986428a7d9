//! Streams of what only grows: log lines, states, events. A stream begins behind a cursor, yields what is there, and
//! then what comes; every item has the cursor behind it, with which the next stream goes on. Nothing is lost and
//! nothing repeated, because items are ordered by when they were committed, never by the times they carry.

mod events;
mod flow_run_states;
mod follow;
mod logs;
mod task_run_states;

pub use events::{Start, events};
pub use flow_run_states::flow_run_states;
pub use follow::Items;
pub use logs::flow_run_logs;
pub use signalbox_storage::repo::{event::Event, flow_run::PastState, log::LogLine};
pub use task_run_states::{TaskRuns, task_run_states};

use crate::ServiceError;
use signalbox_core::cursor::{Cursor, NotACursor};

impl From<NotACursor> for ServiceError {
    fn from(error: NotACursor) -> Self {
        Self::invalid(format!("after: {error}"))
    }
}

/// A cursor as it was given back, of a stream whose items have one number each.
fn plain(after: Option<&str>) -> Result<i64, ServiceError> {
    let cursor: Cursor = after.map_or(Ok(Cursor::START), str::parse)?;
    match cursor.within {
        None => Ok(cursor.number),
        Some(_) => Err(foreign(cursor)),
    }
}

/// Refuses a cursor that lies behind everything there is.
fn check_within(cursor: Cursor, last: i64) -> Result<(), ServiceError> {
    if cursor.number > last { Err(foreign(cursor)) } else { Ok(()) }
}

fn foreign(cursor: Cursor) -> ServiceError {
    ServiceError::invalid(format!("after: {cursor} is not a cursor of this stream; begin again with null"))
}

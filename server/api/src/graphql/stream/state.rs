//! A state of a stream.

use crate::graphql::scalar::Timestamp;
use async_graphql::{Json, SimpleObject};
use serde_json::Value;
use signalbox_core::cursor::Cursor;
use signalbox_services::streams::PastState;
use uuid::Uuid;

/// A state that a run has had, and where it is in its stream.
#[derive(Debug, SimpleObject)]
#[graphql(name = "state_stream_item", rename_fields = "snake_case")]
pub(super) struct StateItem {
    /// Goes on behind this state when given as `after`.
    cursor: String,
    /// Its id.
    id: Uuid,
    /// The flow run or task run that has had it.
    run_id: Uuid,
    /// Its number within the run.
    version: i64,
    /// When it was set.
    timestamp: Timestamp,
    /// Its type.
    state: String,
    /// Its message.
    message: Option<String>,
    /// When a scheduled state is due.
    start_time: Option<Timestamp>,
    /// Its result: where it lies.
    result: Option<Json<Value>>,
    /// The state as it was sent.
    serialized_state: Json<Value>,
}

impl From<(Cursor, PastState)> for StateItem {
    fn from((cursor, state): (Cursor, PastState)) -> Self {
        Self {
            cursor: cursor.to_string(),
            id: state.id,
            run_id: state.run,
            version: state.version,
            timestamp: Timestamp(state.timestamp),
            state: state.state,
            message: state.message,
            start_time: state.start_time.map(Timestamp),
            result: state.result.map(Json),
            serialized_state: Json(state.serialized_state),
        }
    }
}

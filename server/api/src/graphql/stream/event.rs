//! An event of a stream.

use crate::graphql::scalar::Timestamp;
use async_graphql::{Json, SimpleObject};
use serde_json::Value;
use signalbox_core::cursor::Cursor;
use signalbox_services::streams::Event;
use uuid::Uuid;

/// An event, and where it is in its stream.
#[derive(Debug, SimpleObject)]
#[graphql(name = "event_stream_item", rename_fields = "snake_case")]
pub(super) struct EventItem {
    /// Goes on behind this event when given as `after`.
    cursor: String,
    /// Its id.
    id: Uuid,
    /// When it happened.
    occurred: Timestamp,
    /// What happened, dotted, noun first: `flow_run.state`.
    kind: String,
    /// The flow run it is about.
    flow_run_id: Option<Uuid>,
    /// The task run it is about.
    task_run_id: Option<Uuid>,
    /// The flow it is about.
    flow_id: Option<Uuid>,
    /// The agent it is about.
    agent_id: Option<Uuid>,
    /// The rest, by kind; small, and without parameters or results.
    payload: Json<Value>,
}

impl From<(Cursor, Event)> for EventItem {
    fn from((cursor, event): (Cursor, Event)) -> Self {
        Self {
            cursor: cursor.to_string(),
            id: event.id,
            occurred: Timestamp(event.occurred),
            kind: event.kind,
            flow_run_id: event.flow_run.map(Uuid::from),
            task_run_id: event.task_run.map(Uuid::from),
            flow_id: event.flow.map(Uuid::from),
            agent_id: event.agent.map(Uuid::from),
            payload: Json(event.payload),
        }
    }
}

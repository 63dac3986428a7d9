//! An event on its way into the log.

use super::EventKind;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox_schema::{AgentId, FlowId, FlowRunId, State, TaskRunId};

/// Longest message of a state in a payload, in characters: the whole text is in the state's own row.
const LONGEST_MESSAGE: usize = 500;

/// An event to record. Its id, its tenant and its position come from the transaction that records it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub occurred: DateTime<Utc>,
    /// The flow run it is about.
    pub flow_run: Option<FlowRunId>,
    /// The task run it is about.
    pub task_run: Option<TaskRunId>,
    /// The flow it is about.
    pub flow: Option<FlowId>,
    /// The agent it is about.
    pub agent: Option<AgentId>,
    /// The rest, small and without user data: no parameters, no results. A JSON object.
    pub payload: Value,
}

impl NewEvent {
    /// An event that happened at `now`, about nothing in particular yet.
    pub fn new(kind: EventKind, now: DateTime<Utc>) -> Self {
        Self {
            kind,
            occurred: now,
            flow_run: None,
            task_run: None,
            flow: None,
            agent: None,
            payload: json!({}),
        }
    }

    /// Says which flow run it is about.
    #[must_use]
    pub const fn flow_run(mut self, id: FlowRunId) -> Self {
        self.flow_run = Some(id);
        self
    }

    /// Says which task run it is about.
    #[must_use]
    pub const fn task_run(mut self, id: TaskRunId) -> Self {
        self.task_run = Some(id);
        self
    }

    /// Says which flow it is about.
    #[must_use]
    pub const fn flow(mut self, id: FlowId) -> Self {
        self.flow = Some(id);
        self
    }

    /// Says which agent it is about, if any.
    #[must_use]
    pub const fn agent(mut self, id: Option<AgentId>) -> Self {
        self.agent = id;
        self
    }

    /// Says the rest, see [`EventKind`].
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// Adds a message to the payload, shortened.
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        self.payload["message"] = shortened(message).into();
        self
    }

    /// Adds a state to the payload: its type, its message (shortened), its number.
    #[must_use]
    pub fn state(mut self, state: &State, version: i64) -> Self {
        self.payload["state"] = state.kind().as_str().into();
        self.payload["message"] = state.message().map(shortened).into();
        self.payload["version"] = version.into();
        self
    }
}

fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_schema::StateType;

    #[test]
    fn a_long_message_is_shortened_between_characters() {
        let state = State::new(StateType::Failed, "é".repeat(600));
        let event = NewEvent::new(EventKind::FlowRunState, DateTime::UNIX_EPOCH).state(&state, 3);
        assert_eq!(event.payload["state"], "Failed");
        assert_eq!(event.payload["version"], 3);
        assert_eq!(event.payload["message"].as_str().unwrap().chars().count(), 501);
    }
}

//! States as Prefect 1 serializes them: a `type`, and a body that is kept as it came.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use std::fmt;

/// Largest serialized state, in bytes (the limit of Prefect's own server).
pub const MAX_STATE_BYTES: usize = 1_000_000;

macro_rules! define_state_types {
    ($($(#[$doc:meta])+ $name:ident;)+) => {
        /// The 21 state types of Prefect 1. The stock client crashes on any other name, so there are no others.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum StateType {
            $($(#[$doc])+ $name,)+
        }

        impl StateType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

define_state_types! {
    /// Waiting for its upstream.
    Pending;
    /// To run at `start_time`.
    Scheduled;
    /// Held until somebody resumes it, or until `start_time`.
    Paused;
    /// Released from a pause.
    Resume;
    /// Waiting for its next attempt at `start_time`.
    Retrying;
    /// Handed to an agent.
    Submitted;
    /// Waiting for a free slot.
    Queued;
    /// The client could not report; never stored by the stock client.
    ClientFailed;
    /// Executing.
    Running;
    /// Asked to stop.
    Cancelling;
    /// Ended, without saying how.
    Finished;
    /// Ended well.
    Success;
    /// Ended well without running.
    Skipped;
    /// Ended well; its result may be used again.
    Cached;
    /// Ended well by making one child for each element.
    Mapped;
    /// One iteration of a loop ended.
    Looped;
    /// Ended badly.
    Failed;
    /// Took longer than its timeout.
    TimedOut;
    /// Its trigger refused the states of its upstream.
    TriggerFailed;
    /// Its result did not validate.
    ValidationFailed;
    /// Was stopped.
    Cancelled;
}

impl StateType {
    /// The type with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state_type| state_type.as_str() == name)
    }

    /// The type that this one is a kind of, as in Prefect's own classes; `None` for the topmost.
    pub const fn parent(self) -> Option<Self> {
        match self {
            // Those in the second line wrap another state and are a kind of none.
            Self::Pending
            | Self::Running
            | Self::Finished
            | Self::Submitted
            | Self::Queued
            | Self::ClientFailed => None,
            Self::Scheduled => Some(Self::Pending),
            Self::Paused | Self::Resume | Self::Retrying => Some(Self::Scheduled),
            Self::Cancelling => Some(Self::Running),
            Self::Success | Self::Looped | Self::Failed | Self::Cancelled => Some(Self::Finished),
            Self::Skipped | Self::Cached | Self::Mapped => Some(Self::Success),
            Self::TimedOut | Self::TriggerFailed | Self::ValidationFailed => Some(Self::Failed),
        }
    }

    /// Whether a run in this state waits for a time and is then handed out.
    pub const fn is_scheduled(self) -> bool {
        matches!(self, Self::Scheduled | Self::Paused | Self::Resume | Self::Retrying | Self::Queued)
    }

    /// Whether a run in this state has ended (Prefect's `Finished` and its descendants).
    pub const fn is_finished(self) -> bool {
        matches!(
            self,
            Self::Finished
                | Self::Success
                | Self::Skipped
                | Self::Cached
                | Self::Mapped
                | Self::Looped
                | Self::Failed
                | Self::TimedOut
                | Self::TriggerFailed
                | Self::ValidationFailed
                | Self::Cancelled
        )
    }

    /// Whether a run in this state ended badly.
    pub const fn is_failed(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::TriggerFailed | Self::ValidationFailed)
    }

    /// Whether a run in this state ended well.
    pub const fn is_successful(self) -> bool {
        matches!(self, Self::Success | Self::Skipped | Self::Cached | Self::Mapped)
    }

    /// Whether this state sets a run's `end_time` (reference: max over these).
    pub const fn sets_end_time(self) -> bool {
        self.is_finished() && !matches!(self, Self::Mapped | Self::Finished)
    }

    /// Whether a serialized state of this type carries `start_time`.
    pub const fn has_start_time(self) -> bool {
        self.is_scheduled()
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a serialized state was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not a JSON object.
    #[error("a state must be a JSON object with a 'type', not {0}")]
    NotAnObject(&'static str),
    /// No `type`, or one that is not text.
    #[error("the state has no 'type'; it must be one of the state names, e.g. \"Running\"")]
    NoType,
    /// A type that Prefect 1 does not know.
    #[error("'{0}' is not a state type; the types are {types}", types = type_names())]
    UnknownType(String),
    /// `message` is neither text nor null.
    #[error("the state's 'message' must be text or null")]
    BadMessage,
    /// `start_time` is not an ISO-8601 time.
    #[error(
        "the state's 'start_time' must be an ISO-8601 time, e.g. \"2026-01-02T03:04:05+00:00\"; it is {0}"
    )]
    BadStartTime(String),
    /// Larger than [`MAX_STATE_BYTES`].
    #[error("the state is {0} bytes long; at most {MAX_STATE_BYTES} are allowed")]
    TooLarge(usize),
}

fn type_names() -> String {
    StateType::ALL.iter().map(|state_type| state_type.as_str()).collect::<Vec<_>>().join(", ")
}

/// A serialized state: its type, and its body as the client sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    kind: StateType,
    body: Map<String, Value>,
}

impl State {
    /// Reads a state from the wire and fills the defaults Prefect's server filled: a waiting state without
    /// `start_time` gets `now` (except `Paused`, which then waits for a person). `_result: null` is dropped,
    /// because the stock client cannot read it back.
    pub fn parse(value: Value, now: DateTime<Utc>) -> Result<Self, StateError> {
        let mut body = match value {
            Value::Object(body) => body,
            Value::Null => return Err(StateError::NotAnObject("null")),
            Value::Bool(_) => return Err(StateError::NotAnObject("a boolean")),
            Value::Number(_) => return Err(StateError::NotAnObject("a number")),
            Value::String(_) => return Err(StateError::NotAnObject("text")),
            Value::Array(_) => return Err(StateError::NotAnObject("a list")),
        };
        let name = body.get("type").and_then(Value::as_str).ok_or(StateError::NoType)?;
        let kind =
            StateType::parse(name).ok_or_else(|| StateError::UnknownType(name.chars().take(60).collect()))?;
        if !matches!(body.get("message"), None | Some(Value::Null | Value::String(_))) {
            return Err(StateError::BadMessage);
        }
        if body.get("_result") == Some(&Value::Null) {
            body.remove("_result");
        }
        match body.get("start_time") {
            None | Some(Value::Null) => {
                if kind.has_start_time() && kind != StateType::Paused {
                    body.insert("start_time".into(), Value::from(format_time(now)));
                }
            }
            Some(Value::String(text)) => {
                let time = parse_time(text).ok_or_else(|| StateError::BadStartTime(format!("'{text}'")))?;
                // The stock client breaks on a time without an offset.
                let text = format_time(time);
                body.insert("start_time".into(), Value::from(text));
            }
            Some(other) => {
                return Err(StateError::BadStartTime(other.to_string().chars().take(60).collect()));
            }
        }
        Ok(Self { kind, body })
    }

    /// A state made by the server itself.
    pub fn new(kind: StateType, message: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("type".into(), Value::from(kind.as_str()));
        body.insert("message".into(), Value::from(message.into()));
        body.insert("context".into(), Value::Object(Map::new()));
        body.insert("cached_inputs".into(), Value::Object(Map::new()));
        Self { kind, body }
    }

    /// The same with a time at which the run is due.
    #[must_use]
    pub fn starting_at(mut self, time: DateTime<Utc>) -> Self {
        self.body.insert("start_time".into(), Value::from(format_time(time)));
        self
    }

    /// The same with another state wrapped inside (`Submitted`, `Queued`).
    #[must_use]
    pub fn wrapping(mut self, inner: Value) -> Self {
        self.body.insert("state".into(), inner);
        self
    }

    /// The same with an entry in its context, which clients keep and do not read.
    #[must_use]
    pub fn with_context(mut self, key: &str, value: Value) -> Self {
        let context = self.body.entry("context").or_insert_with(|| Value::Object(Map::new()));
        if !context.is_object() {
            *context = Value::Object(Map::new());
        }
        if let Some(context) = context.as_object_mut() {
            context.insert(key.to_owned(), value);
        }
        self
    }

    /// Its type.
    pub const fn kind(&self) -> StateType {
        self.kind
    }

    /// Its message, if it has one.
    pub fn message(&self) -> Option<&str> {
        self.body.get("message").and_then(Value::as_str)
    }

    /// Its `start_time`, if it has one (microseconds kept).
    pub fn start_time(&self) -> Option<DateTime<Utc>> {
        self.body.get("start_time").and_then(Value::as_str).and_then(parse_time)
    }

    /// Its `_result` as it came.
    pub fn result(&self) -> Option<&Value> {
        self.body.get("_result")
    }

    /// Its `cached_inputs`, unless empty.
    pub fn cached_inputs(&self) -> Option<&Value> {
        match self.body.get("cached_inputs") {
            Some(Value::Object(inputs)) if inputs.is_empty() => None,
            Some(Value::Null) | None => None,
            other => other,
        }
    }

    /// The same with `cached_inputs` of the run's previous state (Prefect's server carried them forward).
    #[must_use]
    pub fn with_cached_inputs(mut self, inputs: Value) -> Self {
        self.body.insert("cached_inputs".into(), inputs);
        self
    }

    /// Its JSON text, or an error when it is larger than [`MAX_STATE_BYTES`].
    pub fn to_json(&self) -> Result<String, StateError> {
        let text = Value::Object(self.body.clone()).to_string();
        if text.len() > MAX_STATE_BYTES { Err(StateError::TooLarge(text.len())) } else { Ok(text) }
    }

    /// Its JSON value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.body.clone())
    }
}

/// Reads an ISO-8601 time as the stock client writes them: any offset; none means UTC; a space for the `T`.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(truncate(time.with_timezone(&Utc)));
    }
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z") {
        return Some(truncate(time.with_timezone(&Utc)));
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|time| truncate(time.and_utc()))
}

/// Writes a time as the stock client does: offset `+00:00`, microseconds, no fraction when it is zero.
pub fn format_time(time: DateTime<Utc>) -> String {
    let format =
        if time.timestamp_subsec_micros() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    time.to_rfc3339_opts(format, false)
}

/// Cuts a time to microseconds, which is what both databases keep.
pub fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        parse_time("2026-01-02T03:04:05.678901+00:00").unwrap()
    }

    #[test]
    fn partial_scheduled_states_become_due_now() {
        let state = State::parse(json!({"type": "Scheduled"}), now()).unwrap();
        assert_eq!(state.start_time(), Some(now()));
        assert!(State::parse(json!({"type": "Paused"}), now()).unwrap().start_time().is_none());
    }

    #[test]
    fn times_of_any_offset_are_utc() {
        let at = |text: &str| parse_time(text).map(format_time);
        assert_eq!(at("2026-01-02T03:04:05-05:00").unwrap(), "2026-01-02T08:04:05+00:00");
        assert_eq!(at("2026-11-22T02:22:02.116877").unwrap(), "2026-11-22T02:22:02.116877+00:00");
        assert_eq!(at("2026-01-02 03:04:05Z").unwrap(), "2026-01-02T03:04:05+00:00");
        assert_eq!(at("2026-01-02T03:04:05.123456789Z").unwrap(), "2026-01-02T03:04:05.123456+00:00");
        assert_eq!(at("yesterday"), None);
    }

    #[test]
    fn wrong_states_say_what_is_wrong() {
        let error = |value| State::parse(value, now()).unwrap_err();
        assert_eq!(error(json!("Running")), StateError::NotAnObject("text"));
        assert_eq!(error(json!({})), StateError::NoType);
        assert_eq!(error(json!({"type": "AwaitingRetry"})), StateError::UnknownType("AwaitingRetry".into()));
        assert_eq!(error(json!({"type": "Running", "message": 3})), StateError::BadMessage);
        assert!(matches!(
            error(json!({"type": "Scheduled", "start_time": "soon"})),
            StateError::BadStartTime(_)
        ));
    }

    #[test]
    fn there_are_21_types() {
        assert_eq!(StateType::ALL.len(), 21);
    }
}

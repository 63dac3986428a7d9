//! Scalars of inputs that need more leniency than the library's own.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Utc};
use signalbox_schema::state::{format_time, parse_time};

/// An ISO-8601 time. Any offset is understood; none means UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp(pub DateTime<Utc>);

#[Scalar(name = "DateTime")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => parse_time(text).map(Self).ok_or_else(|| {
                let text: String = text.chars().take(60).collect();
                InputValueError::custom(format!(
                    "\"{text}\" is not an ISO-8601 time such as \"2026-01-02T03:04:05+00:00\""
                ))
            }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(format_time(self.0))
    }
}

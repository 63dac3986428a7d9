//! Values of comparisons, checked and typed by the column they are compared with.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Rejection, parse_timestamp};
use crate::registry::{Column, Kind};

/// A typed value. The database only ever sees these, bound as parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// For [`Kind::Uuid`].
    Uuid(Uuid),
    /// For [`Kind::Text`].
    Text(String),
    /// For [`Kind::Integer`] and [`Kind::Long`], and for [`Kind::Interval`] in seconds.
    Integer(i64),
    /// For [`Kind::Boolean`].
    Boolean(bool),
    /// For [`Kind::Timestamp`].
    Timestamp(DateTime<Utc>),
    /// For [`Kind::Json`].
    Json(Value),
}

/// Reads the value of `column` `operator` as the column's kind.
pub(super) fn scalar(column: &Column, operator: &str, value: &Value) -> Result<Scalar, Rejection> {
    let wrong = |expected: &str| wrong(column, operator, value, expected);
    match (column.kind, value) {
        (Kind::Uuid, Value::String(text)) => {
            Uuid::try_parse(text).map(Scalar::Uuid).map_err(|_| wrong("a UUID"))
        }
        (Kind::Uuid, _) => Err(wrong("a UUID")),
        (Kind::Text, Value::String(text)) => text_scalar(column, operator, text).map(Scalar::Text),
        (Kind::Text, _) => Err(wrong("a string")),
        (Kind::Integer | Kind::Long, _) => {
            value.as_i64().map(Scalar::Integer).ok_or_else(|| wrong("a whole number"))
        }
        (Kind::Boolean, _) => value.as_bool().map(Scalar::Boolean).ok_or_else(|| wrong("true or false")),
        (Kind::Timestamp, Value::String(text)) => {
            parse_timestamp(text).map(Scalar::Timestamp).ok_or_else(|| wrong("an ISO 8601 timestamp"))
        }
        (Kind::Timestamp, _) => Err(wrong("an ISO 8601 timestamp")),
        (Kind::Json, _) => Ok(Scalar::Json(value.clone())),
        (Kind::Interval, Value::String(text)) => interval_seconds(text)
            .map(Scalar::Integer)
            .ok_or_else(|| wrong("an interval such as \"00:05:00\"")),
        (Kind::Bytes, _) => Err(wrong("comparable")),
        (Kind::Interval, _) => {
            value.as_i64().map(Scalar::Integer).ok_or_else(|| wrong("an interval such as \"00:05:00\""))
        }
    }
}

/// Text the databases can hold: PostgreSQL has no U+0000 in text, and SQLite's functions end there.
pub(super) fn text_scalar(column: &Column, operator: &str, text: &str) -> Result<String, Rejection> {
    if text.contains('\0') {
        return Err(Rejection::invalid(format!(
            "{}: {operator}: the text contains a NUL character, which no stored text does",
            column.name
        )));
    }
    Ok(text.to_owned())
}

pub(super) fn wrong(column: &Column, operator: &str, value: &Value, expected: &str) -> Rejection {
    Rejection::invalid(format!("{}: {operator}: {} is not {expected}", column.name, shortened(value)))
}

/// The value as it is quoted in a message: never more than a line of it.
pub(super) fn shortened(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// `[-]HH:MM:SS` or a number of seconds; fractions of a second are cut, as the registration cuts them.
fn interval_seconds(text: &str) -> Option<i64> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let whole = magnitude.split_once('.').map_or(magnitude, |(whole, _)| whole);
    let parts: Vec<u32> = whole.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [seconds] => i64::from(seconds),
        [hours, minutes @ 0..=59, seconds @ 0..=59] => {
            i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds)
        }
        _ => return None,
    };
    Some(sign * seconds)
}

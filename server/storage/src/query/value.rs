//! Columns of a row as JSON text.

use chrono::{DateTime, Utc};
use signalbox_core::query::PathStep;
use signalbox_core::registry::Kind;
use uuid::Uuid;

use super::connection::Row;

/// A stored value that does not have its column's form.
pub(super) struct Malformed;

impl From<sqlx::Error> for Malformed {
    fn from(_: sqlx::Error) -> Self {
        Self
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Malformed {
    fn from(_: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// Writes the column at `index` as a JSON value.
pub(super) fn write(out: &mut Vec<u8>, row: &Row<'_>, index: usize, kind: Kind) -> Result<(), Malformed> {
    if row.is_null(index)? {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match kind {
        Kind::Uuid => {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            let text = row.uuid(index)?.hyphenated().encode_lower(&mut text);
            write_text(out, text)?;
        }
        Kind::Text => write_text(out, row.text(index)?)?,
        Kind::Timestamp => match row.timestamp(index)? {
            Timestamp::Text(text) => write_text(out, text)?,
            Timestamp::Instant(instant) => write_text(out, &instant.to_rfc3339())?,
        },
        Kind::Integer | Kind::Long => write_integer(out, row.integer(index)?)?,
        Kind::Boolean => out.extend_from_slice(if row.boolean(index)? { b"true" } else { b"false" }),
        Kind::Json => out.extend_from_slice(row.json(index)?.as_bytes()),
        Kind::Bytes => return Err(Malformed),
        Kind::Interval => write_text(out, &interval(row.integer(index)?))?,
    }
    Ok(())
}

/// A stored instant: SQLite keeps it in the form that is shown.
pub(super) enum Timestamp<'r> {
    Text(&'r str),
    Instant(DateTime<Utc>),
}

/// Writes the part of a JSON column at a path, verbatim; null where the path leads nowhere.
pub(super) fn write_path(
    out: &mut Vec<u8>,
    row: &Row<'_>,
    index: usize,
    path: &[PathStep],
) -> Result<(), Malformed> {
    let part = if row.is_null(index)? { None } else { part(row.json(index)?, path) };
    out.extend_from_slice(part.unwrap_or("null").as_bytes());
    Ok(())
}

fn part<'a>(json: &'a str, path: &[PathStep]) -> Option<&'a str> {
    use serde_json::value::RawValue;
    use std::collections::HashMap;
    let mut here: &str = json;
    for step in path {
        // A step by number can also be a key of an object, and the other way round, as in PostgreSQL's #>.
        let (key, index) = match step {
            PathStep::Key(key) => (key.clone(), key.parse().ok()),
            PathStep::Index(index) => (index.to_string(), Some(*index)),
        };
        here = if let Ok(object) = serde_json::from_str::<HashMap<String, &'a RawValue>>(here) {
            object.get(&key)?.get()
        } else {
            let array: Vec<&'a RawValue> = serde_json::from_str(here).ok()?;
            array.get(index?)?.get()
        };
    }
    Some(here)
}

/// Writes a mean, which may have a fraction.
pub(super) fn write_mean(out: &mut Vec<u8>, row: &Row<'_>, index: usize) -> Result<(), Malformed> {
    if row.is_null(index)? {
        out.extend_from_slice(b"null");
    } else {
        serde_json::to_writer(out, &row.double(index)?)?;
    }
    Ok(())
}

/// The key at `index`; nothing when it is null.
pub(super) fn key(row: &Row<'_>, index: usize) -> Result<Option<Uuid>, Malformed> {
    if row.is_null(index)? { Ok(None) } else { row.uuid(index).map(Some) }
}

/// Writes a JSON string.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), Malformed> {
    Ok(serde_json::to_writer(out, text)?)
}

pub(super) fn write_integer(out: &mut Vec<u8>, number: i64) -> Result<(), Malformed> {
    Ok(serde_json::to_writer(out, &number)?)
}

/// Seconds as PostgreSQL prints an interval.
fn interval(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

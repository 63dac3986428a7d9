//! Text that both databases can keep. PostgreSQL has no U+0000, neither in text nor in JSON, and SQLite's functions
//! end there. Output of users' code has it now and then: it is kept with the replacement character in its place,
//! rather than refused, which would lose the line or the state it is part of.

use sea_orm::{Statement, Value, Values};
use serde_json::Value as Json;
use std::borrow::Cow;

const REPLACEMENT: &str = "\u{fffd}";

/// The statement with storable parameters.
pub(crate) fn storable(mut statement: Statement) -> Statement {
    if let Some(Values(values)) = &mut statement.values {
        for value in values {
            match value {
                Value::String(Some(text)) if text.contains('\0') => {
                    *text = text.replace('\0', REPLACEMENT);
                }
                Value::Json(Some(json)) if has_nul(json) => **json = replaced(json),
                _ => {}
            }
        }
    }
    statement
}

/// A text as it is kept.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', REPLACEMENT).into() } else { text.into() }
}

/// A JSON value as it is kept.
pub(crate) fn json(value: &Json) -> Cow<'_, Json> {
    if has_nul(value) { Cow::Owned(replaced(value)) } else { Cow::Borrowed(value) }
}

fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(elements) => elements.iter().any(has_nul),
        Json::Object(entries) => entries.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn replaced(value: &Json) -> Json {
    match value {
        Json::String(string) => text(string).into(),
        Json::Array(elements) => elements.iter().map(replaced).collect(),
        Json::Object(entries) => Json::Object(
            entries.iter().map(|(key, value)| (text(key).into_owned(), replaced(value))).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{json, text};
    use serde_json::json;
    use std::borrow::Cow;

    #[test]
    fn nul_is_replaced_wherever_it_is() {
        assert_eq!(text("a\0b"), "a\u{fffd}b");
        let value = json!({"a\0": [1, null, {"b": "\0"}], "c": "\\u0000"});
        assert_eq!(*json(&value), json!({"a\u{fffd}": [1, null, {"b": "\u{fffd}"}], "c": "\\u0000"}));
        assert!(matches!(json(&json!({"plain": ["text", 1.5]})), Cow::Borrowed(_)));
    }
}

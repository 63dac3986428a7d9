//! Values, in the form of documents and in that of JSON.

use super::choices::Choices;
use serde_json::{Map, Value, json};

/// Text that means something to SQL, JSON paths, patterns, Unicode or C.
pub const TEXTS: [&str; 24] = [
    "x",
    "",
    "' OR '1'='1",
    "'; DROP TABLE flow_run; --",
    "\" OR \"\"=\"",
    "\\",
    "\\'",
    "%",
    "_%\\%",
    "[a-z]*?",
    "$1 ?1 :a @b",
    "$.a[0].\"b\"",
    "$..*",
    "{\"a\": 1}",
    "[1,",
    "\u{0}",
    "a\u{0}b",
    "😀 \u{202e}\u{feff}",
    "\u{fffd}",
    "\r\n\t\u{1b}[31m",
    "00000000-0000-4000-8000-000000000000",
    "2026-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59.999999999Z",
    "null",
];

/// Numbers at which something ends.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "20",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "0.5",
    "-0.0",
    "1e300",
    "1e-320",
];

/// A value.
#[derive(Debug, Clone)]
pub enum Literal {
    Null,
    Boolean(bool),
    Number(&'static str),
    Text(String),
    Enum(String),
    List(Vec<Literal>),
    Object(Vec<(String, Literal)>),
}

impl Literal {
    /// As documents write it. Keys that are no names cannot be written there; the caller passes such values as
    /// variables.
    pub fn graphql(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Number(number) => (*number).to_owned(),
            Self::Text(text) => json!(text).to_string(),
            Self::Enum(name) => name.clone(),
            Self::List(values) => {
                format!("[{}]", values.iter().map(Self::graphql).collect::<Vec<_>>().join(", "))
            }
            Self::Object(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(name, value)| format!("{name}: {}", value.graphql())).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(truth) => json!(truth),
            Self::Number(number) => serde_json::from_str(number).unwrap(),
            Self::Text(text) | Self::Enum(text) => json!(text),
            Self::List(values) => values.iter().map(Self::json).collect(),
            Self::Object(entries) => {
                Value::Object(entries.iter().map(|(name, value)| (name.clone(), value.json())).collect())
            }
        }
    }

    /// Whether a document can hold it.
    pub fn is_writable(&self) -> bool {
        match self {
            Self::List(values) => values.iter().all(Self::is_writable),
            Self::Object(entries) => entries.iter().all(|(name, value)| {
                let first =
                    name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
                first
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                    && value.is_writable()
            }),
            _ => true,
        }
    }
}

pub fn text(choices: &mut Choices<'_>) -> String {
    let text = *choices.of_all::<&str>(&TEXTS);
    // Long ones are rare: patterns and names have limits of their own.
    if choices.one_in(24) { text.repeat(1 + 20_000 / text.len().max(1)) } else { text.to_owned() }
}

pub fn number(choices: &mut Choices<'_>) -> Literal {
    Literal::Number(choices.of_all::<&str>(&NUMBERS))
}

/// Any value, for JSON columns and for places where it does not belong.
pub fn any(choices: &mut Choices<'_>, depth: usize) -> Literal {
    let kinds = if depth == 0 { 4 } else { 6 };
    match choices.below(kinds) {
        0 => Literal::Null,
        1 => Literal::Text(text(choices)),
        2 => number(choices),
        3 => Literal::Boolean(choices.one_in(2)),
        4 => Literal::List((0..choices.below(4)).map(|_| any(choices, depth - 1)).collect()),
        _ => {
            let entries = 0..choices.below(4);
            Literal::Object(entries.map(|_| (text(choices), any(choices, depth - 1))).collect())
        }
    }
}

/// Any JSON, whose keys are also those that our documents declare.
pub fn any_json(choices: &mut Choices<'_>, depth: usize) -> Value {
    const KEYS: [&str; 9] = ["w", "o", "n", "id", "input", "_and", "name", "_eq", "labels"];
    match any(choices, depth) {
        Literal::Object(entries) => {
            let own = entries.iter().map(|(name, value)| (name.clone(), value.json()));
            let known = (0..choices.below(4)).map(|_| {
                let key = (*choices.of_all(&KEYS)).to_owned();
                let below = if depth == 0 { Value::Null } else { any_json(choices, depth - 1) };
                (key, below)
            });
            let known: Vec<_> = known.collect();
            Value::Object(own.chain(known).collect::<Map<_, _>>())
        }
        other => other.json(),
    }
}

//! The variables of a request, from JSON to GraphQL values.
//!
//! The stock client sends them as JSON *text* inside JSON; everybody else sends an object. Values keep the
//! order of their keys, because `order_by` depends on it.

use super::{Refusal, surrogates};
use async_graphql::{Name, Value, Variables};
use async_graphql_value::Number;
use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use signalbox_schema::ErrorCode;
use std::{cell::Cell, collections::BTreeMap, fmt};

/// What a JSON text held that serde accepts and we must not: an integer that became a float.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    rounded: Cell<bool>,
}

impl Doubts {
    /// Refuses an integer of `json` that no 64-bit type can hold. Rounding it silently would run a flow
    /// with another parameter than its user wrote. Only looks when a number was rounded at all: `1e300` is
    /// a float and fine.
    pub fn check(&self, json: &str) -> Result<(), Refusal> {
        match self.rounded.get().then(|| oversized_integer(json)).flatten() {
            Some(at) => Err(Refusal::new(
                ErrorCode::InvalidInput,
                format!(
                    "the integer at position {at} of the JSON does not fit into 64 bits; send it as a string"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// Reads variables wherever they stand: object, null, or text that holds one of these.
pub(super) struct VariablesSeed<'a>(pub &'a Doubts);

impl<'de> DeserializeSeed<'de> for VariablesSeed<'_> {
    type Value = Result<Variables, Refusal>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for VariablesSeed<'_> {
    type Value = Result<Variables, Refusal>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("variables")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Ok(Variables::default()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(parse(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut variables = BTreeMap::new();
        while let Some(name) = map.next_key::<Name>()? {
            variables.insert(name, map.next_value_seed(ValueSeed(self.0))?);
        }
        let mut all = Variables::default();
        *all = variables;
        Ok(Ok(all))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(not_an_object("a list")))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(not_an_object("a boolean")))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(not_an_object("a number")))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(not_an_object("a number")))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(not_an_object("a number")))
    }
}

fn not_an_object(found: &str) -> Refusal {
    Refusal::new(
        ErrorCode::InvalidInput,
        format!("`variables` must be an object, null, or the JSON text of one, not {found}"),
    )
}

/// Reads the JSON text inside `variables`.
pub(super) fn parse(text: &str) -> Result<Variables, Refusal> {
    match parse_once(text) {
        Ok(variables) => variables,
        Err(error) => match surrogates::repair(text) {
            Some(repaired) => parse_once(&repaired).unwrap_or_else(|error| Err(explain(&repaired, &error))),
            None => Err(explain(text, &error)),
        },
    }
}

fn parse_once(text: &str) -> Result<Result<Variables, Refusal>, serde_json::Error> {
    let doubts = Doubts::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let variables = TextSeed(&doubts).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(variables.and_then(|variables| doubts.check(text).map(|()| variables)))
}

/// Like [`VariablesSeed`], without another layer of text.
struct TextSeed<'a>(&'a Doubts);

impl<'de> DeserializeSeed<'de> for TextSeed<'_> {
    type Value = Result<Variables, Refusal>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match ValueSeed(self.0).deserialize(deserializer)? {
            Value::Null => Ok(Ok(Variables::default())),
            value @ Value::Object(_) => Ok(Ok(Variables::from_value(value))),
            Value::List(_) => Ok(Err(not_an_object("the text of a list"))),
            Value::String(_) => Ok(Err(not_an_object("the text of a text"))),
            _ => Ok(Err(not_an_object("the text of a number or boolean"))),
        }
    }
}

fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    Refusal::new(ErrorCode::InvalidInput, format!("`variables` is not JSON: {}", describe(text, error)))
}

/// What is wrong with a JSON text, in words that help a Python user: the language writes `NaN` and
/// `Infinity` although JSON has no such numbers.
pub(super) fn describe(json: &str, error: &serde_json::Error) -> String {
    let at = offset(json, error.line(), error.column());
    // The parser stops at the first letter, or behind a sign.
    let special = (at.saturating_sub(1)..=at).find_map(|start| {
        let rest = json.as_bytes().get(start..)?;
        let name =
            ["-Infinity", "Infinity", "NaN"].into_iter().find(|name| rest.starts_with(name.as_bytes()))?;
        Some((start, name))
    });
    match special {
        Some((start, name)) => {
            format!("{name} at position {start} is not a JSON value; send null or a string")
        }
        None => format!("{error} (position {at})"),
    }
}

/// The byte offset of a line and column as serde counts them, moved to a character boundary.
fn offset(json: &str, line: usize, column: usize) -> usize {
    let start: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(json.len());
    while !json.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One JSON value, as a GraphQL value that keeps the order of keys.
struct ValueSeed<'a>(&'a Doubts);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // 2^63: below it, serde has given every integer to the visitors above.
        if value.fract() == 0.0 && value.abs() >= 9_223_372_036_854_775_808.0 {
            self.0.rounded.set(true);
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(ValueSeed(self.0))? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = IndexMap::new();
        while let Some(key) = map.next_key::<Name>()? {
            // The executor would paste the text behind this key into its answer unread.
            if key.as_str() == async_graphql_value::RAW_VALUE_TOKEN {
                return Err(A::Error::custom("this key is reserved"));
            }
            values.insert(key, map.next_value_seed(ValueSeed(self.0))?);
        }
        Ok(Value::Object(values))
    }
}

/// The position of the first integer literal outside of strings that fits neither `i64` nor `u64`.
fn oversized_integer(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let start = at;
                while bytes
                    .get(at)
                    .is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
                {
                    at += 1;
                }
                let literal = &json[start..at];
                let integer = !literal.contains(['.', 'e', 'E']);
                if integer && literal.parse::<i64>().is_err() && literal.parse::<u64>().is_err() {
                    return Some(start);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// The position behind the closing quote of the string that opens at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests;

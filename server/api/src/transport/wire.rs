//! From the bytes of a body to the operations it asks for. Nothing of GraphQL itself is known here.

use super::{
    Refusal, surrogates,
    variables::{Doubts, VariablesSeed, describe},
};
use async_graphql::Variables;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use signalbox_schema::ErrorCode;
use std::fmt;

/// One operation of a request.
#[derive(Debug)]
pub(super) struct Operation {
    /// The GraphQL document.
    pub document: String,
    /// Which of the document's operations is meant, if it has several.
    pub name: Option<String>,
    /// Its variables, or what was wrong with them: then only this operation fails.
    pub variables: Result<Variables, Refusal>,
    /// Whether the answer shall say what the operation cost (`"extensions": {"cost": true}`).
    pub wants_cost: bool,
}

/// A request body.
#[derive(Debug)]
pub(super) enum Payload {
    /// One operation, answered with an object.
    Single(Operation),
    /// Several, answered with a list in the same order.
    Batch(Vec<Operation>),
}

impl Payload {
    /// Reads a body. A refusal here means that the body is not a GraphQL request at all.
    pub fn read(body: &[u8], most_operations: usize) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|error| {
            bad_request(format!("the body is not UTF-8 (byte {} is wrong)", error.valid_up_to()))
        })?;
        match read_once(text, most_operations) {
            Ok(payload) => payload,
            Err(error) => match surrogates::repair(text) {
                Some(repaired) => read_once(&repaired, most_operations)
                    .unwrap_or_else(|error| Err(not_a_request(&repaired, &error))),
                None => Err(not_a_request(text, &error)),
            },
        }
    }
}

fn read_once(text: &str, most_operations: usize) -> Result<Result<Payload, Refusal>, serde_json::Error> {
    let doubts = Doubts::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let payload = PayloadSeed { doubts: &doubts, most_operations }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(payload.and_then(|payload| doubts.check(text).map(|()| payload)))
}

fn not_a_request(text: &str, error: &serde_json::Error) -> Refusal {
    if text.trim().is_empty() {
        return bad_request("the body is empty; send {\"query\": \"…\", \"variables\": {…}} as JSON");
    }
    bad_request(format!("the body is not a GraphQL request in JSON: {}", describe(text, error)))
}

fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, message)
}

struct PayloadSeed<'a> {
    doubts: &'a Doubts,
    most_operations: usize,
}

impl<'de> DeserializeSeed<'de> for PayloadSeed<'_> {
    type Value = Result<Payload, Refusal>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PayloadSeed<'_> {
    type Value = Result<Payload, Refusal>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `query`, or a list of such objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        OperationSeed(self.doubts).visit_map(map).map(|operation| Ok(Payload::Single(operation)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut operations = Vec::new();
        while let Some(operation) = seq.next_element_seed(OperationSeed(self.doubts))? {
            operations.push(operation);
            if operations.len() > self.most_operations {
                // The rest is read over, so that a mistake in it does not hide this one.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Err(Refusal::new(
                    ErrorCode::LimitReached,
                    format!(
                        "a batch may hold {} operations (max_batch_operations); send several batches",
                        self.most_operations
                    ),
                )));
            }
        }
        if operations.is_empty() {
            return Ok(Err(bad_request("the batch is empty")));
        }
        Ok(Ok(Payload::Batch(operations)))
    }
}

struct OperationSeed<'a>(&'a Doubts);

impl<'de> DeserializeSeed<'de> for OperationSeed<'_> {
    type Value = Operation;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Operation, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OperationSeed<'_> {
    type Value = Operation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `query`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Operation, A::Error> {
        let mut document = None;
        let mut operation_name = None;
        let mut variables = Ok(Variables::default());
        let mut wants_cost = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Query => document = map.next_value::<Option<String>>()?,
                Key::OperationName => operation_name = map.next_value::<Option<String>>()?,
                Key::Variables => variables = map.next_value_seed(VariablesSeed(self.0))?,
                Key::Extensions => wants_cost = map.next_value_seed(WantsCost)?,
                // Whatever a client adds.
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let document = document.ok_or_else(|| A::Error::custom("`query` is missing"))?;
        // Some clients send an empty name for "the only one".
        let name = operation_name.filter(|name| !name.is_empty());
        Ok(Operation { document, name, variables, wants_cost })
    }
}

/// Reads `extensions`: everything in it but `cost` is somebody else's, and wrong values are no mistake.
struct WantsCost;

impl<'de> DeserializeSeed<'de> for WantsCost {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let extensions: &RawValue = serde::Deserialize::deserialize(deserializer)?;
        let extensions: Option<Extensions> = serde_json::from_str(extensions.get()).ok();
        Ok(extensions.is_some_and(|extensions| extensions.cost))
    }
}

#[derive(serde::Deserialize)]
struct Extensions {
    #[serde(default)]
    cost: bool,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    Query,
    OperationName,
    Variables,
    Extensions,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(body: &str) -> Operation {
        match Payload::read(body.as_bytes(), 25).unwrap() {
            Payload::Single(operation) => operation,
            Payload::Batch(_) => panic!("a batch"),
        }
    }

    fn message(body: impl AsRef<[u8]>) -> String {
        Payload::read(body.as_ref(), 2).unwrap_err().message
    }

    #[test]
    fn variables_come_as_text_object_or_not_at_all() {
        for body in [
            r#"{"query":"{hello}","variables":"{\"a\":1}"}"#,
            r#"{"variables":{"a":1},"extensions":{"x":[1]},"query":"{hello}","operationName":null}"#,
        ] {
            let operation = single(body);
            assert_eq!(operation.document, "{hello}");
            assert_eq!(operation.variables.unwrap().into_value().to_string(), "{a: 1}");
        }
        for body in [
            r#"{"query":"{hello}"}"#,
            r#"{"query":"{hello}","variables":null}"#,
            r#"{"query":"{hello}","variables":"null","operationName":""}"#,
        ] {
            let operation = single(body);
            assert!(operation.variables.unwrap().is_empty());
            assert_eq!(operation.name, None);
        }
    }

    #[test]
    fn bad_variables_fail_their_operation_only() {
        let body = r#"[{"query":"{a}","variables":"{\"x\": NaN}"},{"query":"{b}","variables":[1]}]"#;
        let Payload::Batch(operations) = Payload::read(body.as_bytes(), 2).unwrap() else { panic!() };
        let messages: Vec<_> =
            operations.into_iter().map(|operation| operation.variables.unwrap_err().message).collect();
        assert!(messages[0].contains("NaN at position 6"), "{messages:?}");
        assert!(messages[1].contains("not a list"), "{messages:?}");
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_reason() {
        assert!(message("").contains("the body is empty"));
        assert!(message("hello").contains("not a GraphQL request in JSON"));
        assert!(message("7").contains("expected an object with `query`"));
        assert!(message("[]").contains("empty"));
        assert!(message("{}").contains("`query` is missing"));
        assert!(message(r#"{"query":null}"#).contains("`query` is missing"));
        assert!(message(r#"{"query":7}"#).contains("expected a string"));
        assert!(message(r#"[{"query":""},{"query":""},{"query":""}]"#).contains("may hold 2 operations"));
        assert!(message(r#"{"query":"","variables":{"a":NaN}}"#).contains("NaN at position 29"));
        assert!(message(b"{\"query\":\"\xff\"}").contains("byte 10"));
    }

    #[test]
    fn half_a_surrogate_pair_in_the_outer_text_is_replaced() {
        let operation = single(r#"{"query":"{a}","variables":{"x":"\udc80"}}"#);
        assert_eq!(operation.variables.unwrap().into_value().to_string(), "{x: \"\u{fffd}\"}");
    }
}

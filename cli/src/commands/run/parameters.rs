//! Parameters and context as people type them: `key=value`, where the value is JSON if it can be read as JSON and text
//! otherwise. Pure, except for reading `--params-file`.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::output::text::printable;

/// Reads `key=value`.
///
/// # Errors
/// A sentence that says what was wrong.
pub(crate) fn parse_pair(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` has no `=`; write key=value, for example x=3"))?;
    let key = key.trim();
    if key.is_empty() {
        return Err(format!("`{text}` has no name before the `=`"));
    }
    Ok((key.to_owned(), parse_value(value)?))
}

fn parse_value(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        // A whole number that only fits a float would silently become another number.
        Ok(Value::Number(number)) if number.is_f64() && !text.contains(['.', 'e', 'E']) => {
            Err(format!("the number {text} is too large; put it in quotes to send it as text: '\"{text}\"'"))
        }
        Ok(value) => Ok(value),
        Err(_) => Ok(Value::String(text.to_owned())),
    }
}

/// Reads a file that holds one JSON object; `-` is stdin.
///
/// # Errors
/// What was wrong with the file.
pub(crate) fn read_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| Failure::usage(format!("the parameters in {shown} cannot be read: {error}")))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::usage(format!("{shown} must hold one JSON object, for example {{\"x\": 3}}"))),
        Err(error) => Err(Failure::usage(format!("{shown} is not JSON: {error}"))),
    }
}

/// The parameters of a flow that are missing from, and unknown among, those given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Given but not a parameter of the flow.
    pub(crate) unknown: Vec<String>,
    /// What the flow has, for the message.
    pub(crate) known: Vec<String>,
}

/// Compares what was given with `[{name, …}]` as registered. The server accepts unknown names, but they are most often
/// typing mistakes.
pub(crate) fn compare(given: &Map<String, Value>, registered: Option<&Value>) -> Mismatch {
    let known: Vec<String> = registered
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|parameter| parameter.get("name")?.as_str())
        .map(printable)
        .collect();
    let unknown = given.keys().map(|key| printable(key)).filter(|key| !known.contains(key)).collect();
    Mismatch { unknown, known }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_json_where_they_can_be() {
        let cases = [
            ("x=3", "x", json!(3)),
            ("x=1.5", "x", json!(1.5)),
            ("x=true", "x", json!(true)),
            ("x=null", "x", json!(null)),
            ("x=[1, \"a\"]", "x", json!([1, "a"])),
            ("x={\"k\": {}}", "x", json!({"k": {}})),
            ("x=\"3\"", "x", json!("3")),
            ("x=hello world", "x", json!("hello world")),
            ("x=", "x", json!("")),
            ("x=a=b", "x", json!("a=b")),
            ("x=NaN", "x", json!("NaN")),
            ("x=2026-01-02", "x", json!("2026-01-02")),
            ("x={oops", "x", json!("{oops")),
            (" long name =1", "long name", json!(1)),
        ];
        for (text, key, value) in cases {
            assert_eq!(parse_pair(text), Ok((key.to_owned(), value)), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for wrong in ["x", "=3", " =3", "x=123456789012345678901234567890"] {
            assert!(parse_pair(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_names_are_noticed() {
        let given = json!({"n": 1, "m": 2}).as_object().unwrap().clone();
        let registered = json!([{"name": "n", "required": true}, {"name": "names"}]);
        let mismatch = compare(&given, Some(&registered));
        assert_eq!(mismatch.unknown, ["m"]);
        assert_eq!(mismatch.known, ["n", "names"]);
        assert_eq!(compare(&given, None).known, Vec::<String>::new());
    }
}

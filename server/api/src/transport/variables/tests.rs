use super::*;
use proptest::prelude::*;

fn message(text: &str) -> String {
    let refusal = parse(text).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::InvalidInput);
    refusal.message
}

fn json(text: &str) -> String {
    serde_json::to_string(&parse(text).unwrap().into_value()).unwrap()
}

#[test]
fn text_of_an_object_or_null_is_read() {
    assert!(parse("null").unwrap().is_empty());
    assert!(parse(" {} ").unwrap().is_empty());
    let text = r#"{"input":{"z":1,"a":[true,null,1.5,"x"],"big":18446744073709551615,"small":-9223372036854775808}}"#;
    assert_eq!(json(text), text);
}

#[test]
fn what_json_does_not_know_is_named_with_its_place() {
    assert_eq!(
        message(r#"{"a": NaN}"#),
        "`variables` is not JSON: NaN at position 6 is not a JSON value; send null or a string"
    );
    assert_eq!(
        message(r#"{"a": -Infinity}"#),
        "`variables` is not JSON: -Infinity at position 6 is not a JSON value; send null or a string"
    );
    assert!(message(r#"{"a": Infinity}"#).contains("Infinity at position 6"));
    assert!(message("{").contains("EOF while parsing an object at line 1 column 1 (position 0)"));
    assert!(message("{} x").contains("trailing characters"));
    assert!(message(r#"{"a": 1e999}"#).contains("number out of range"));
    assert!(message(&("[".repeat(500) + &"]".repeat(500))).contains("recursion limit exceeded"));
    assert!(message(r#"{"a":{"$serde_json::private::RawValue":"1"}}"#).contains("reserved"));
}

#[test]
fn only_objects_are_variables() {
    for (text, found) in [("[1]", "a list"), (r#""{}""#, "a text"), ("7", "a number"), ("true", "boolean")] {
        assert!(message(text).contains(found), "{text}: {}", message(text));
    }
}

#[test]
fn integers_are_never_rounded() {
    assert_eq!(
        message(r#"{"s": "123456789012345678901234", "n": 123456789012345678901234}"#),
        "the integer at position 39 of the JSON does not fit into 64 bits; send it as a string"
    );
    assert!(message(r#"{"n": -9223372036854775809}"#).contains("position 6"));
    assert_eq!(json(r#"{"n":1e300}"#), r#"{"n":1e+300}"#);
}

#[test]
fn half_a_surrogate_pair_loses_only_itself() {
    assert_eq!(json(r#"{"a":"\ud83d\ude00 \udc80"}"#), "{\"a\":\"😀 \u{fffd}\"}");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}|[\\[\\]{}\",:\\\\udNaInfity0-9eE.+-]{0,60}") {
        let _ = parse(&text);
    }
}

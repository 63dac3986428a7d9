use super::*;
use crate::transport::document::RootField;
use async_graphql::{parser::types::OperationType, value};

fn roots(kind: OperationType, keys: &[(&str, &str)]) -> Roots {
    let fields =
        keys.iter().map(|(key, name)| RootField { key: (*key).into(), name: (*name).into() }).collect();
    Roots { kind, fields, required: Vec::new() }
}

fn failed(key: &str) -> ServerError {
    ServerError::new("no", None).with_path(vec![PathSegment::Field(key.to_owned())])
}

fn schema() -> RootFields {
    RootFields::from_sdl("schema { query: query_root } type query_root { a: Int b: Int! c: [Int!] }")
}

fn completed(response: Response, keys: &[(&str, &str)]) -> String {
    let roots = roots(OperationType::Query, keys);
    serde_json::to_string(&complete(response, Some(&roots), &schema(), "r1")).unwrap()
}

#[test]
fn keys_come_in_the_order_of_the_operation() {
    let response = Response::new(value!({"b": 2, "x": 1}));
    assert_eq!(completed(response, &[("x", "a"), ("skipped", "c"), ("b", "b")]), r#"{"data":{"x":1,"b":2}}"#);
}

#[test]
fn a_failed_field_is_null_and_takes_all_data_with_it_only_if_it_may_not_be() {
    let mut response = Response::new(value!({"b": 2}));
    response.errors.push(failed("x"));
    insta::assert_snapshot!(
        completed(response, &[("x", "a"), ("b", "b")]),
        @r#"{"data":{"x":null,"b":2},"errors":[{"message":"no","path":["x"],"extensions":{"code":"INVALID_INPUT","request_id":"r1","retryable":false}}]}"#
    );
    let mut response = Response::new(value!({"x": 1}));
    response.errors.push(failed("b"));
    assert!(completed(response, &[("x", "a"), ("b", "b")]).starts_with(r#"{"data":null,"errors":"#));
}

#[test]
fn what_was_refused_before_execution_has_no_data() {
    let response = Response::from_errors(vec![ServerError::new("unknown field", None)]);
    let text = completed(response, &[("x", "a")]);
    assert!(text.starts_with(r#"{"data":null,"#) && text.contains("GRAPHQL_VALIDATION_FAILED"), "{text}");
}

#[test]
fn a_code_that_is_there_is_kept() {
    let mut error = failed("a");
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", "API_ERROR");
    error.extensions = Some(extensions);
    let text = completed(Response::from_errors(vec![error]), &[("a", "a")]);
    assert!(text.contains(r#""code":"API_ERROR","request_id":"r1","retryable":true"#), "{text}");
}

#[test]
fn errors_are_bounded() {
    let response = Response::from_errors((0..100).map(|_| failed("a")).collect());
    assert_eq!(complete(response, None, &schema(), "r").errors.len(), MOST_ERRORS);
}

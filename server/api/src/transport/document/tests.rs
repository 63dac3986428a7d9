use super::*;
use async_graphql::Value;
use async_graphql::parser::types::{DocumentOperations, Selection};
use proptest::prelude::*;
use std::fmt::Write;

fn read(text: &str) -> Result<Document, Refusal> {
    Document::read(text, &HttpLimits::default())
}

fn message(text: &str) -> String {
    read(text).unwrap_err().message
}

/// The value of the first argument of the first root field.
fn argument(text: &str) -> Value {
    let document = read(text).unwrap();
    let DocumentOperations::Single(operation) = document.parsed.operations else { panic!() };
    let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else { panic!() };
    field.node.arguments[0].1.node.clone().into_const().unwrap()
}

#[test]
fn surrogate_pairs_in_literals_are_joined_and_halves_replaced() {
    for (literal, expected) in [
        (r#""a \ud83d\ude00 b""#, "a 😀 b"),
        (r#""\uD83D\uDE00\uD83D\uDE00""#, "😀😀"),
        (r#""\udc80.txt""#, "\u{fffd}.txt"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\\ud83d \u00e9 \" { [ (""#, "\\ud83d é \" { [ ("),
        (r#""""block \ud83d \""" { end""""#, r"block \ud83d \ { end"),
        ("\"a # b\"", "a # b"),
    ] {
        let Value::String(found) = argument(&format!("{{ f(x: {literal}) }}")) else { panic!() };
        // The parser leaves the escape `\"""` of a block string as it is; only its end matters here.
        assert_eq!(found.replace("\"\"\"", ""), expected, "{literal}");
    }
}

#[test]
fn comments_and_strings_do_not_count_as_brackets() {
    let brackets = "[".repeat(200);
    assert!(read(&format!("{{ f(x: \"{brackets}\") # {brackets}\n }}")).is_ok());
    assert!(message(&format!("{{ f(x: {brackets} }}")).contains("nested too deep"));
    assert!(message(&"{a".repeat(200_000)).contains("nested too deep"));
}

#[test]
fn integers_are_never_rounded() {
    assert_eq!(argument("{ f(x: 9223372036854775807) }").to_string(), "9223372036854775807");
    assert_eq!(argument("{ f(x: 1.5e300) }").to_string(), "1.5e+300");
    let refusal = read("{\n f(x: -92233720368547758090) }").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::InvalidInput);
    assert_eq!(refusal.position.map(|at| (at.line, at.column)), Some((2, 7)));
    assert!(read("{ a12345678901234567890123 }").is_ok());
}

#[test]
fn a_syntax_error_has_its_code_and_place_and_a_short_message() {
    let refusal = read("query { flow( }").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ParseFailed);
    assert!(refusal.position.is_some());
    assert!(message(&format!("query {{ {} !", "a ".repeat(100_000))).chars().count() <= MESSAGE_CHARS + 1);
    assert_eq!(read("").unwrap_err().code, ErrorCode::ParseFailed);
    assert!(message(&" ".repeat(3 << 20)).contains("pass data as variables"));
}

#[test]
fn what_an_operation_asks_for_is_bounded() {
    let deep = |levels: usize| format!("{}a{}", "{ a ".repeat(levels - 1) + "{ ", " }".repeat(levels));
    assert!(read(&deep(20)).is_ok());
    assert!(message(&deep(21)).contains("asks for 21 levels of fields; 20 are allowed"));
    let aliases = (0..251).map(|n| format!("a{n}: flow")).collect::<Vec<_>>().join(" ");
    assert!(message(&format!("{{ {aliases} }}")).contains("251 root fields; 250 are allowed"));
    assert!(message(&format!("{{ a {} }}", "@x ".repeat(101))).contains("101 directives"));
    assert!(message(&format!("{{ a {{ {} }} }}", "b ".repeat(2_000))).contains("2001 fields"));
}

#[test]
fn fragments_cannot_explode_or_loop() {
    let mut bomb = String::from("{ ...f0 }");
    for n in 0..60 {
        let _ = write!(bomb, " fragment f{n} on Q {{ ...f{m} ...f{m} }}", m = n + 1);
    }
    bomb.push_str(" fragment f60 on Q { a }");
    assert!(message(&bomb).contains("fields; 2000 are allowed"), "{}", message(&bomb));
    let cycle = "{ ...a } fragment a on Q { ...b } fragment b on Q { ...a }";
    assert_eq!(read(cycle).unwrap_err().code, ErrorCode::ValidationFailed);
    let mut chain = String::from("{ ...f0 }");
    for n in 0..5_000 {
        let _ = write!(chain, " fragment f{n} on Q {{ ...f{m} }}", m = n + 1);
    }
    assert!(message(&chain).contains("nested too deep"));
}

#[test]
fn root_fields_are_found_in_order_through_fragments() {
    let document = read(
        "query A { z: flow { id } ...f hello ... on Q { tenant } } query B { b } fragment f on Q { y hello }",
    )
    .unwrap();
    let keys = |name| {
        let roots = document.roots(name)?;
        Some(roots.fields.iter().map(|field| field.key.clone()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(keys(Some("A")).as_deref(), Some("z y hello tenant"));
    assert_eq!(keys(Some("B")).as_deref(), Some("b"));
    assert_eq!(keys(Some("C")), None);
    assert_eq!(keys(None), None);
    assert_eq!(document.roots(Some("A")).unwrap().summary(), "flow,y,hello,…");
}

#[test]
fn documents_that_repeat_are_kept() {
    let documents = Documents::new(&HttpLimits::default());
    let literal = "{ flow(id: 1) { id } }";
    documents.get(literal).unwrap();
    assert!(!documents.keeps(literal));
    documents.get(literal).unwrap();
    assert!(documents.keeps(literal));
    let variable = "query($id: UUID) { flow(id: $id) { id } }";
    documents.get(variable).unwrap();
    assert!(documents.keeps(variable));
    let long = format!("{{ flow(id: $x) {{ id }} }} # {}", "x".repeat(40_000));
    documents.get(&long).unwrap();
    assert!(!documents.keeps(&long));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|[{}()\\[\\]\"\\\\udcDE08a-f#:$.@! \n-]{0,80}") {
        let _ = read(&text);
    }
}

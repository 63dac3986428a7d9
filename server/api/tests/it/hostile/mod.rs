//! Requests that nobody would write, made at random from the schema's own grammar, from real documents and from real
//! bodies. Whatever they are, they are answered in time, and never as if the server had failed.

mod arena;
mod choices;
mod grammar;
mod literal;
mod mutation;
mod samples;

use arena::Arena;
use choices::Choices;
use grammar::Grammar;
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

/// Runs a property over random choices: what is made of few and small choices is simple, so that a failure shrinks to
/// the simplest request that shows it.
///
/// If all were refused at the door, nothing behind it would be tested: at least `answered` of a hundred must have data.
fn for_any_choices(
    most: usize,
    answered: usize,
    property: impl Fn(&Arena, &mut Choices<'_>) -> Result<(), String>,
) {
    let arena = Arena::open();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    runner
        .run(&vec(any::<u8>(), 0..most), |bytes| {
            property(&arena, &mut Choices::of(&bytes)).map_err(TestCaseError::fail)
        })
        .unwrap();
    let percent = arena.percent_answered();
    assert!(percent >= answered, "only {percent} of a hundred operations were answered");
}

/// Variables as the stock client sends them, or as everybody else does.
fn body(document: &str, variables: &Value, as_text: bool) -> String {
    let variables = if as_text { json!(variables.to_string()) } else { variables.clone() };
    json!({ "query": document, "variables": variables }).to_string()
}

#[test]
fn documents_of_the_grammar_are_answered_or_refused() {
    let grammar = Grammar::of_the_schema();
    for_any_choices(400, 20, |arena, choices| {
        let (document, variables) = grammar.operation(choices, &arena.ids);
        arena.send(body(&document, &variables, choices.one_in(2)).into_bytes())
    });
}

#[test]
fn documents_with_damage_are_answered_or_refused() {
    let grammar = Grammar::of_the_schema();
    for_any_choices(300, 5, |arena, choices| {
        let (document, variables) = if choices.one_in(2) {
            (samples::document(choices).to_owned(), json!({}))
        } else {
            grammar.operation(choices, &arena.ids)
        };
        let document = mutation::of_text(&document, choices);
        arena.send(body(&document, &variables, false).into_bytes())
    });
}

#[test]
fn bodies_with_damage_are_answered_or_refused() {
    let grammar = Grammar::of_the_schema();
    for_any_choices(300, 5, |arena, choices| {
        let (document, variables) = grammar.operation(choices, &arena.ids);
        let whole = body(&document, &variables, choices.one_in(2));
        let whole = if choices.one_in(4) { format!("[{whole},{whole}]") } else { whole };
        arena.send(mutation::of_bytes(whole.as_bytes(), choices))
    });
}

#[test]
fn any_json_as_variables_is_answered_or_refused() {
    for_any_choices(300, 1, |arena, choices| {
        let document = samples::with_variables(choices);
        let variables = literal::any_json(choices, 5);
        let text = mutation::of_text(&variables.to_string(), choices);
        let damaged = choices.one_in(3);
        let body = json!({
            "query": document,
            "variables": if damaged { json!(text) } else { variables },
            "operationName": if choices.one_in(6) { literal::any_json(choices, 1) } else { Value::Null },
            "extensions": if choices.one_in(6) { literal::any_json(choices, 3) } else { json!({"cost": true}) },
        });
        arena.send(body.to_string().into_bytes())
    });
}

#[test]
fn any_condition_is_compiled_or_refused() {
    let grammar = Grammar::of_the_schema();
    for_any_choices(500, 15, |arena, choices| {
        let (document, variables) = grammar.condition(choices, &arena.ids);
        arena.send(body(&document, &variables, false).into_bytes())
    });
}

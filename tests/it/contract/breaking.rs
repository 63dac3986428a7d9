//! What would break a client of the last release: compared with `schema/released.graphql`, and allowed only when
//! CHANGELOG.md says so, naming it.

use std::collections::BTreeSet;

use signalbox_tests::binary::workspace;
use signalbox_tests::introspection::{Field, Schema, Type};

use super::{BUILT_IN, committed, sdl};

fn released() -> Schema {
    let path = workspace().join("schema/released.graphql");
    let text = std::fs::read_to_string(&path).expect("schema/released.graphql is committed");
    sdl::read(&text).expect("schema/released.graphql is valid SDL")
}

/// One difference that breaks clients.
#[derive(Debug, PartialEq, Eq)]
struct Break {
    /// Where: `type`, `type.field`, `type.field(argument)`, `enum.VALUE`.
    at: String,
    /// What happened there.
    what: String,
}

#[test]
fn what_breaks_clients_is_in_the_changelog() {
    let changelog =
        std::fs::read_to_string(workspace().join("CHANGELOG.md")).expect("CHANGELOG.md is committed");
    let admitted = admitted(&changelog);
    let silent: Vec<String> = breaks(&released(), &committed())
        .into_iter()
        .filter(|found| !admitted.contains(&found.at))
        .map(|found| format!("`{}`: {}", found.at, found.what))
        .collect();
    assert!(
        silent.is_empty(),
        "clients of the last release break, and no line of CHANGELOG.md under Unreleased begins with \
         \"* **Breaking**\" and names it in backticks:\n  {}",
        silent.join("\n  ")
    );
}

/// What the unreleased part of the changelog says is broken: everything in backticks of its breaking entries. An entry
/// may go on in indented lines.
fn admitted(changelog: &str) -> BTreeSet<String> {
    let unreleased = changelog.split("\n## ").find(|part| part.starts_with("Unreleased")).unwrap_or_default();
    unreleased
        .split("\n* ")
        .filter(|entry| entry.starts_with("**Breaking**"))
        .flat_map(|entry| entry.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

fn breaks(old: &Schema, new: &Schema) -> Vec<Break> {
    let mut found = Vec::new();
    let own = old.types().iter().filter(|(name, _)| !BUILT_IN.contains(&name.as_str()));
    for (name, before) in own {
        match new.get(name) {
            None => found.push(Break { at: name.clone(), what: "the type is gone".to_owned() }),
            Some(after) if after.kind != before.kind => {
                found
                    .push(Break { at: name.clone(), what: format!("{} became {}", before.kind, after.kind) });
            }
            Some(after) => found.extend(within(name, before, after)),
        }
    }
    found
}

fn within(name: &str, before: &Type, after: &Type) -> Vec<Break> {
    let mut found = Vec::new();
    for value in before.values.iter().filter(|value| !after.values.contains(value)) {
        found.push(Break { at: format!("{name}.{value}"), what: "the value is gone".to_owned() });
    }
    if before.kind == "INPUT_OBJECT" {
        found.extend(inputs(&before.fields, &after.fields, &|field| format!("{name}.{field}")));
        return found;
    }
    for field in &before.fields {
        let at = format!("{name}.{}", field.name);
        let Some(now) = after.fields.iter().find(|now| now.name == field.name) else {
            found.push(Break { at, what: "the field is gone".to_owned() });
            continue;
        };
        if !answers_as(&now.ty, &field.ty) {
            found.push(Break { at: at.clone(), what: format!("it was {} and is {}", field.ty, now.ty) });
        }
        found.extend(inputs(&field.args, &now.args, &|argument| format!("{at}({argument})")));
    }
    found
}

/// Arguments, or fields of an input object: what was sent before must still be taken, and nothing more be demanded.
fn inputs(before: &[Field], after: &[Field], place: &dyn Fn(&str) -> String) -> Vec<Break> {
    let mut found = Vec::new();
    for input in before {
        let at = place(&input.name);
        match after.iter().find(|now| now.name == input.name) {
            None => found.push(Break { at, what: "it is not taken any more".to_owned() }),
            Some(now) if now.is_required() && !input.is_required() => {
                found.push(Break { at, what: format!("it must be given now ({})", now.ty) });
            }
            // What was taken fits the other way around: the old type is an answer to the new one.
            Some(now)
                if !answers_as(&input.ty, &now.ty)
                    && !answers_as(&input.ty, now.ty.trim_end_matches('!')) =>
            {
                found.push(Break { at, what: format!("it was {} and is {}", input.ty, now.ty) });
            }
            Some(_) => {}
        }
    }
    for input in after.iter().filter(|now| now.is_required()) {
        if !before.iter().any(|known| known.name == input.name) {
            let what = format!("it is new and must be given ({})", input.ty);
            found.push(Break { at: place(&input.name), what });
        }
    }
    found
}

/// Whether whoever expects `expected` can work with a `given`: the same, but for places that are never null now.
fn answers_as(given: &str, expected: &str) -> bool {
    if let Some(given) = given.strip_suffix('!') {
        return answers_as(given, expected.strip_suffix('!').unwrap_or(expected));
    }
    let inner = |ty: &str| ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')).map(str::to_owned);
    match (inner(given), inner(expected)) {
        (Some(given), Some(expected)) => answers_as(&given, &expected),
        (None, None) => given == expected,
        _ => false,
    }
}

#[test]
fn every_kind_of_break_is_found() {
    let old = "type Query { run(id: ID!, where: filter, limit: Int = 1): Run! runs: [Run!] old: Int }
         type Run { id: ID! name: String states: [State!]! } type State { name: String } type Gone { id: ID }
         input filter { name: String needed: String! and: [filter] } enum direction { asc desc } scalar jsonb";
    let breaks_of = |new: &str| -> Vec<String> {
        let (old, new) = (sdl::read(old).expect("valid SDL"), sdl::read(new).expect("valid SDL"));
        breaks(&old, &new).into_iter().map(|found| found.at).collect()
    };
    assert_eq!(breaks_of(old), Vec::<String>::new());
    for (from, to, at) in [
        ("type Gone { id: ID }", "", "Gone"),
        ("type Gone { id: ID }", "input Gone { id: ID }", "Gone"),
        ("old: Int", "", "Query.old"),
        ("old: Int", "old: String", "Query.old"),
        ("id: ID! name", "id: ID name", "Run.id"),
        ("runs: [Run!]", "runs: [Run]", "Query.runs"),
        ("runs: [Run!]", "runs: Run", "Query.runs"),
        ("limit: Int = 1", "", "Query.run(limit)"),
        ("limit: Int = 1", "limit: Int!", "Query.run(limit)"),
        ("limit: Int = 1", "limit: String", "Query.run(limit)"),
        ("run(", "run(new: Int!, ", "Query.run(new)"),
        ("filter { name: String", "filter {", "filter.name"),
        ("filter { name: String", "filter { name: Int", "filter.name"),
        ("filter { name: String", "filter { name: String!", "filter.name"),
        ("and: [filter]", "and: [filter!]", "filter.and"),
        ("and: [filter]", "and: [filter] new: ID!", "filter.new"),
        ("asc desc", "asc", "direction.desc"),
        ("scalar jsonb", "", "jsonb"),
    ] {
        assert!(old.contains(from), "{from}");
        assert_eq!(breaks_of(&old.replacen(from, to, 1)), [at], "{from} -> {to}");
    }
    for (from, to) in [
        ("name: String states", "name: String! states"),
        ("runs: [Run!]", "runs: [Run!]!"),
        ("id: ID!, where", "id: ID, where"),
        ("needed: String!", "needed: String"),
        ("run(", "run(new: Int, other: Int! = 3, "),
        ("asc desc", "asc desc sideways"),
        ("scalar jsonb", "scalar jsonb type New { id: ID }"),
    ] {
        assert!(old.contains(from), "{from}");
        assert_eq!(breaks_of(&old.replacen(from, to, 1)), Vec::<String>::new(), "{from} -> {to}");
    }
}

#[test]
fn the_changelog_admits_what_it_names() {
    let text = "# Changelog\n\n## Unreleased\n\n* **Breaking**: `a.b` is gone,\n  and `c(d)` with it.\n* New: `e`.\n\n## 0.1\n\n* **Breaking**: `f`.\n";
    assert_eq!(admitted(text), BTreeSet::from(["a.b".to_owned(), "c(d)".to_owned()]));
}

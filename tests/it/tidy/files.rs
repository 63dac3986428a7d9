//! Sizes and names of source files.

use std::path::Path;

use super::{assert_none, read, sources};

const MOST_LINES: usize = 400;
const EXEMPTION: &str = "tidy: allow-long ";
/// Names that say nothing about what is inside.
const DRAWERS: [&str; 9] =
    ["util", "utils", "common", "commons", "helper", "helpers", "type", "types", "misc"];

#[test]
fn files_are_one_thing() {
    let findings: Vec<String> = sources(&["rs", "py"])
        .iter()
        .filter_map(|path| {
            length_finding(&read(path)).map(|finding| format!("{}: {finding}", path.display()))
        })
        .collect();
    assert_none(&findings, "a file of more than 400 lines is two things");
}

#[test]
fn no_drawers() {
    let findings: Vec<String> =
        sources(&["rs", "py"]).iter().filter_map(|path| drawer(path).map(str::to_owned)).collect();
    assert_none(&findings, "a module is named after its noun, not after being a drawer");
}

#[test]
fn rooms_say_what_they_are() {
    let findings: Vec<String> = sources(&["rs"])
        .iter()
        .filter(|path| !path.ends_with("tests.rs") && !is_introduced(&read(path)))
        .map(|path| path.display().to_string())
        .collect();
    assert_none(&findings, "a module begins with `//!` lines that say which room this is");
}

/// What is wrong with a file's length, if anything: too long without a reason, or a reason without need.
fn length_finding(text: &str) -> Option<String> {
    let lines = text.lines().count();
    let first = text.lines().next().unwrap_or_default();
    let exemption = first.trim_start_matches(['/', '#', ' ']).strip_prefix(EXEMPTION).map(str::trim);
    match exemption {
        Some("") => Some("its exemption gives no reason".to_owned()),
        Some(_) if lines <= MOST_LINES => Some(format!("{lines} lines need no exemption")),
        None if lines > MOST_LINES => Some(format!("{lines} lines")),
        _ => None,
    }
}

/// The part of a path that is a drawer's name.
fn drawer(path: &Path) -> Option<&str> {
    let is_drawer = |name: &str| DRAWERS.contains(&name.trim_end_matches(".rs").trim_end_matches(".py"));
    path.iter().filter_map(|part| part.to_str()).any(is_drawer).then(|| path.to_str()).flatten()
}

/// Tests beside their module (`tests.rs`, `tests/…`) are introduced by it.
fn is_introduced(text: &str) -> bool {
    text.lines()
        .find(|line| !line.starts_with("// tidy:") && !line.is_empty())
        .is_some_and(|line| line.starts_with("//!"))
}

#[test]
fn the_rules_can_fail() {
    let long = "x\n".repeat(MOST_LINES + 1);
    assert!(length_finding(&long).is_some());
    assert!(length_finding(&"x\n".repeat(MOST_LINES)).is_none());
    assert!(length_finding(&format!("// {EXEMPTION}one big table\n{long}")).is_none());
    assert!(length_finding(&format!("// {EXEMPTION}\n{long}")).is_some());
    assert!(length_finding(&format!("// {EXEMPTION}one big table\nshort\n")).is_some());
    assert!(drawer(Path::new("server/core/src/utils.rs")).is_some());
    assert!(drawer(Path::new("server/helpers/src/lib.rs")).is_some());
    assert!(drawer(Path::new("server/core/src/label.rs")).is_none());
    assert!(is_introduced("// tidy: allow-long x\n//! A room.\n") && !is_introduced("use std::fmt;\n"));
}

//! Documents name files that exist.

use std::path::Path;

use signalbox_tests::binary::workspace;

use super::{assert_none, read};

const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
/// What a file's name ends in; other code in backticks is not taken for a path.
const ENDINGS: [&str; 11] =
    [".rs", ".py", ".md", ".toml", ".graphql", ".sh", ".yaml", ".yml", ".json", ".txt", "/"];

#[test]
fn files_that_documents_name_exist() {
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let paths = named_paths(&read(document.as_ref()));
        assert!(!paths.is_empty(), "{document} names no file: the search is broken, or it says nothing");
        let missing = paths.iter().filter(|path| !workspace().join(path.as_str()).exists());
        findings.extend(missing.map(|path| format!("{document}: {path}")));
    }
    assert_none(&findings, "a document names a file that is not there");
}

#[test]
fn architecture_names_real_files_in_its_walkthrough() {
    let sources = named_paths(&read("ARCHITECTURE.md".as_ref()));
    let rust = sources.iter().filter(|path| Path::new(path).extension().is_some_and(|it| it == "rs")).count();
    assert!(rust >= 10, "the walkthroughs of ARCHITECTURE.md name only {rust} Rust files");
}

/// Paths below the root in backticks and links: those with a slash that lead into a room or end like a file.
fn named_paths(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2).filter(|it| !it.contains('\n'));
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut paths: Vec<String> = code
        .chain(links)
        .map(|path| path.split(['#', ':']).next().unwrap_or_default().to_owned())
        .filter(|path| is_path(path))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|it| it.is_ascii_alphanumeric() || "._-/".contains(it));
    let first = text.split('/').next().unwrap_or_default();
    let ends = ENDINGS.iter().any(|ending| text.ends_with(ending));
    // `create.rs` alone is said of a file that was named before; only documents lie at the root without a folder.
    let ends = ends && (text.contains('/') || Path::new(text).extension().is_some_and(|it| it == "md"));
    let known_room = text.contains('/') && workspace().join(first).is_dir() && !first.is_empty();
    plain && !text.starts_with(['/', '.', '-']) && ((ends && text.len() > 3) || known_room)
}

#[test]
fn the_rules_can_fail() {
    let text = "See `server/core/src/gone.rs`, `cargo build`, [the page](docs/absent.md#part), `<table>_by_pk`, `a/b`.";
    assert_eq!(named_paths(text), ["docs/absent.md", "server/core/src/gone.rs"]);
}

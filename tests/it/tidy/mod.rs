//! Checks of the source tree itself: sizes, names, directions, and that documents name things that exist.
//! Each rule is a pure function that is shown to fail on a bad sample, so that none passes by seeing nothing.

mod crates;
mod documents;
mod files;

use std::path::{Path, PathBuf};

use signalbox_tests::binary::workspace;

/// Folders that hold no source of ours.
const FOREIGN: [&str; 7] = [".git", "target", "node_modules", "__pycache__", ".venv", "dist", ".cargo"];

/// Every file below the workspace's root with one of these extensions, relative to the root, in order.
fn sources(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&workspace(), extensions, &mut found);
    assert!(found.len() > 20, "only {} files were found: the search is broken", found.len());
    found.sort();
    found
        .iter()
        .map(|path| path.strip_prefix(workspace()).expect("found below the root").to_owned())
        .collect()
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let path = entry.expect("an entry of the workspace can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !FOREIGN.contains(&name) && !name.starts_with(".venv") {
                collect(&path, extensions, found);
            }
        } else if path.extension().and_then(|it| it.to_str()).is_some_and(|it| extensions.contains(&it)) {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(workspace().join(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with all findings at once.
fn assert_none(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

//! Lists that may only shrink: what a coverage test does not reach, committed beside it. No switch rewrites them.

use std::collections::BTreeSet;

/// Compares what is uncovered now with the committed list, both ways: a new gap fails, and so does a line that is
/// no longer needed.
pub fn assert_list_is(committed: &str, found: &BTreeSet<String>, file: &str) {
    let lines = committed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<String> =
        lines.map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect();
    let fresh: Vec<_> = found.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(found).collect();
    assert!(fresh.is_empty(), "not covered, and not to be added to {file} either: cover it: {fresh:?}");
    assert!(stale.is_empty(), "covered or gone, so delete the lines from {file}: {stale:?}");
}

#[test]
#[should_panic(expected = "cover it")]
fn a_new_gap_fails() {
    assert_list_is("# why\na # reason\n", &BTreeSet::from(["a".to_owned(), "b".to_owned()]), "x");
}

#[test]
#[should_panic(expected = "delete the lines")]
fn a_stale_line_fails() {
    assert_list_is("a\nb\n", &BTreeSet::from(["a".to_owned()]), "x");
}

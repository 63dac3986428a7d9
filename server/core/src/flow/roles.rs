//! The place of each task in its flow's graph.

use std::collections::{BTreeSet, HashMap};

/// The place of a task in its flow's graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags, as the table has them")]
pub struct Roles {
    /// Nothing comes before it.
    pub root: bool,
    /// Nothing comes after it.
    pub terminal: bool,
    /// Its state decides the flow's.
    pub reference: bool,
    /// It maps over an upstream result.
    pub mapped: bool,
}

/// The place of every task, from all edges `(upstream, downstream, mapped)`. `reference` are the slugs that the flow
/// declares; when it declares none, its terminal tasks are meant.
pub fn roles<'a>(
    tasks: impl IntoIterator<Item = &'a str>,
    edges: impl IntoIterator<Item = (&'a str, &'a str, bool)>,
    reference: &BTreeSet<&str>,
) -> HashMap<&'a str, Roles> {
    let alone = Roles { root: true, terminal: true, reference: false, mapped: false };
    let mut all: HashMap<&str, Roles> = tasks.into_iter().map(|slug| (slug, alone)).collect();
    for (upstream, downstream, mapped) in edges {
        if let Some(roles) = all.get_mut(upstream) {
            roles.terminal = false;
        }
        if let Some(roles) = all.get_mut(downstream) {
            roles.root = false;
            roles.mapped |= mapped;
        }
    }
    for (slug, roles) in &mut all {
        roles.reference = if reference.is_empty() { roles.terminal } else { reference.contains(slug) };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_from_the_edges() {
        let edges = [("a", "b", true), ("a", "c", false), ("b", "c", false)];
        let place =
            |reference: &[&str]| roles(["a", "b", "c", "d"], edges, &reference.iter().copied().collect());
        let all = place(&[]);
        assert_eq!(all["a"], Roles { root: true, ..Roles::default() });
        assert_eq!(all["b"], Roles { mapped: true, ..Roles::default() });
        assert_eq!(all["c"], Roles { terminal: true, reference: true, ..Roles::default() });
        assert_eq!(all["d"], Roles { root: true, terminal: true, reference: true, mapped: false });
        let declared = place(&["b"]);
        assert!(declared["b"].reference && !declared["c"].reference);
    }
}

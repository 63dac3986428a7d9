//! A relationship of the registry: from which column of one table to which column of another.

use std::fmt;

use super::Table;

/// How many rows a relationship leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// At most one row: the remote column is the target's primary key.
    One,
    /// Any number of rows: the remote column refers to this table's primary key.
    Many,
}

/// One relationship of a table. Both columns are of kind uuid.
pub struct Relation {
    /// Field name on the wire; a `Many` relationship has `<name>_aggregate` beside it.
    pub name: &'static str,
    /// The table it leads to.
    pub target: &'static Table,
    /// One or many.
    pub cardinality: Cardinality,
    /// Column of the table that has the relationship.
    pub local: &'static str,
    /// Column of the target that must equal `local`.
    pub remote: &'static str,
    /// One line for the SDL.
    pub description: &'static str,
}

impl Relation {
    pub(super) const fn one(
        name: &'static str,
        local: &'static str,
        target: &'static Table,
        description: &'static str,
    ) -> Self {
        Self { name, target, cardinality: Cardinality::One, local, remote: "id", description }
    }

    pub(super) const fn many(
        name: &'static str,
        target: &'static Table,
        remote: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, target, cardinality: Cardinality::Many, local: "id", remote, description }
    }
}

impl fmt::Debug for Relation {
    /// The name only, which keeps plans readable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

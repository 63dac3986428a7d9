//! The table registry: every table the read API answers, its columns and its relationships.
//!
//! GraphQL types, filters, orders, aggregates and SQL all derive from these statics; a table is added here and in
//! a migration, nowhere else. No SQL and no GraphQL in this room.

mod column;
mod family;
mod relation;
mod root;
mod table;

#[cfg(test)]
mod tests;

pub use column::{Column, Kind};
pub use family::{Families, Family};
pub use relation::{Cardinality, Relation};
pub use root::{Answer, Root, root, roots};
pub use table::{TABLES, Table};

//! What a plan costs, foreseen from its shape alone: the values that its answer may hold.
//!
//! A level costs its rows times its fields; nested lists multiply. How many rows a list has is its `limit`, or the
//! number of ids that its `where` names, or a guess. The guess need not be good: rows and bytes are counted when they
//! come. It has to tell a screenful from the whole database, and never to refuse what people really ask.

use super::plan::{Aggregate, Level, Node, Plan};
use super::{Comparison, Filter, ReadLimits, Rows};
use crate::registry::{Cardinality, Column};

/// Rows that a root list without `limit` is taken to have.
const GUESSED_ROOT: u64 = 100;
/// Rows per parent that a nested list without `limit` is taken to have.
const GUESSED_NESTED: u64 = 20;

/// The price of something that is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Values: rows times fields, summed over the levels. What `max_query_cost` bounds.
    pub values: u64,
    /// Rows.
    pub rows: u64,
    /// Statements, at most.
    pub statements: u64,
}

impl Cost {
    /// The price of two things that are read together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            values: self.values.saturating_add(other.values),
            rows: self.rows.saturating_add(other.rows),
            statements: self.statements.saturating_add(other.statements),
        }
    }
}

impl Plan {
    /// What answering the plan costs. The answer to a list without `limit` can be larger than foreseen here, but never
    /// than `max_rows` and `max_nested_rows` allow.
    pub fn cost(&self) -> Cost {
        let root = Place { parents: None, limits: &self.limits };
        let cost = match &self.node {
            Node::Rows(level) => root.level(level),
            Node::Aggregate(aggregate) => root.aggregate(aggregate),
        };
        Cost { statements: self.statements() as u64, ..cost }
    }
}

/// Where a node stands: under how many rows.
#[derive(Clone, Copy)]
struct Place<'a> {
    parents: Option<u64>,
    limits: &'a ReadLimits,
}

impl Place<'_> {
    fn level(self, level: &Level) -> Cost {
        self.rows_of(level, self.count(&level.rows))
    }

    fn rows_of(self, level: &Level, rows: u64) -> Cost {
        let fields = level.fields.len().max(1) as u64;
        let mut cost = Cost { values: rows.saturating_mul(fields), rows, statements: 0 };
        let below = Self { parents: Some(rows), ..self };
        for child in &level.children {
            cost = cost.plus(match &child.node {
                Node::Rows(level) if child.relation.cardinality == Cardinality::One => {
                    below.rows_of(level, rows)
                }
                Node::Rows(level) => below.level(level),
                Node::Aggregate(aggregate) => below.aggregate(aggregate),
            });
        }
        cost
    }

    fn aggregate(self, aggregate: &Aggregate) -> Cost {
        let parents = self.parents.unwrap_or(1);
        let values = parents.saturating_mul(aggregate.functions.len().max(1) as u64);
        let own = Cost { values, rows: parents, statements: 0 };
        aggregate.nodes.iter().fold(own, |cost, level| cost.plus(self.level(level)))
    }

    /// How many rows a list has here, all parents together.
    fn count(self, rows: &Rows) -> u64 {
        let limits = self.limits;
        let (default, guessed, most) = match self.parents {
            None => (limits.default_rows_root, GUESSED_ROOT, limits.max_rows_root),
            Some(_) => (limits.default_rows_nested, GUESSED_NESTED, limits.max_rows_level),
        };
        let each = rows.limit.or(default);
        let each = match (each, named_ids(&rows.filter)) {
            (Some(limit), Some(ids)) => limit.min(ids),
            (one, other) => one.or(other).unwrap_or(guessed),
        };
        each.saturating_mul(self.parents.unwrap_or(1)).min(most)
    }
}

/// How many primary keys a predicate names, if it admits no others.
fn named_ids(filter: &Filter) -> Option<u64> {
    match filter {
        Filter::And(all) => all.iter().filter_map(named_ids).min(),
        Filter::Compare(column, comparison) if is_key(column) => match comparison {
            Comparison::Equal(_) => Some(1),
            Comparison::In(values) => Some(values.len() as u64),
            _ => None,
        },
        Filter::Or(any) => {
            any.iter().map(named_ids).try_fold(0_u64, |sum, ids| Some(sum.saturating_add(ids?)))
        }
        Filter::Not(_) | Filter::Compare(..) | Filter::Exists(..) => None,
    }
}

fn is_key(column: &Column) -> bool {
    column.name == "id"
}

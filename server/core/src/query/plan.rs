//! The plan: what one root field reads, level by level, and how the answer is shaped.

use std::sync::Arc;

use super::{Allowance, Rows};
use crate::registry::{Column, Relation, Table};

/// What one root field of the read API does. Built by [`Plan::build`]; executed by storage.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The root level.
    pub node: Node,
    /// Whether the answer is one row or null (`X_by_pk`) rather than a list.
    pub single: bool,
    /// The limits the plan was built under; storage enforces those that need rows.
    pub limits: super::ReadLimits,
    /// What the answer may still take; shared with the other root fields of the request.
    pub allowance: Arc<Allowance>,
}

/// A level: rows, or aggregates over rows.
#[derive(Debug, Clone)]
pub enum Node {
    /// Rows of a table.
    Rows(Level),
    /// Aggregates over rows of a table.
    Aggregate(Aggregate),
}

/// Rows of one table at one place of the answer. One statement, whatever the number of parents.
#[derive(Debug, Clone)]
pub struct Level {
    /// The table.
    pub table: &'static Table,
    /// Which rows, in which order (per parent when nested).
    pub rows: Rows,
    /// The keys of the answer, in order.
    pub fields: Vec<Field>,
    /// Nested levels, referred to by [`Output::Child`].
    pub children: Vec<Child>,
}

/// One key of an answer object.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key.
    pub key: String,
    /// Its value.
    pub output: Output,
}

/// Where the value of a key comes from.
#[derive(Debug, Clone)]
pub enum Output {
    /// A column; of a JSON column optionally the part at a path.
    Column(&'static Column, Vec<PathStep>),
    /// `__typename`: the name of the table.
    Typename,
    /// A nested level, by index into [`Level::children`].
    Child(usize),
}

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// Into an object (or an array, when the text is an index).
    Key(String),
    /// Into an array.
    Index(usize),
}

/// A nested level and the relationship that leads to it.
#[derive(Debug, Clone)]
pub struct Child {
    /// The relationship.
    pub relation: &'static Relation,
    /// What is read there.
    pub node: Node,
}

/// Aggregates over rows of one table. One statement, and one more for each `nodes`.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// The table.
    pub table: &'static Table,
    /// Which rows are aggregated (per parent when nested).
    pub rows: Rows,
    /// The keys of `<table>_aggregate`, in order.
    pub fields: Vec<AggregateField>,
    /// What is computed, referred to by index.
    pub functions: Vec<Function>,
    /// Rows selected through `nodes`, referred to by index. Their `rows` equal [`Aggregate::rows`], but for a page that
    /// the operator set.
    pub nodes: Vec<Level>,
}

/// One key of an aggregate's answer.
#[derive(Debug, Clone)]
pub struct AggregateField {
    /// The key.
    pub key: String,
    /// Its value.
    pub output: AggregateOutput,
}

/// What a key of an aggregate's answer holds.
#[derive(Debug, Clone)]
pub enum AggregateOutput {
    /// `__typename`.
    Typename,
    /// `aggregate`: computed values.
    Summary(Vec<Summary>),
    /// `nodes`: the rows, by index into [`Aggregate::nodes`].
    Nodes(usize),
}

/// One key inside `aggregate`, or inside `min`, `max`, `sum`, `avg`.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The key.
    pub key: String,
    /// Its value.
    pub output: SummaryOutput,
}

/// What a key inside `aggregate` holds.
#[derive(Debug, Clone)]
pub enum SummaryOutput {
    /// `__typename`, with the name of the type.
    Typename(String),
    /// A computed value, by index into [`Aggregate::functions`].
    Function(usize),
    /// `min`, `max`, `sum` or `avg`: an object of computed values.
    Group(Vec<Summary>),
}

/// An aggregate function.
#[derive(Debug, Clone)]
pub enum Function {
    /// Number of rows; with columns, of those where they are not null; distinct counts different values once.
    Count {
        /// The columns, possibly none.
        columns: Vec<&'static Column>,
        /// Whether equal values count once.
        distinct: bool,
    },
    /// The smallest value.
    Min(&'static Column),
    /// The largest value.
    Max(&'static Column),
    /// The sum; null without rows.
    Sum(&'static Column),
    /// The mean; null without rows.
    Avg(&'static Column),
}

impl Plan {
    /// Gives the plan an allowance of its own, unused: a plan that is carried out again is another read.
    pub fn renew(&mut self) {
        self.allowance = Arc::new(Allowance::new(self.limits.max_answer_bytes));
    }

    /// How many statements the plan needs at most: one per level, one more for each `nodes`. The number does not
    /// depend on the data.
    pub fn statements(&self) -> usize {
        self.node.statements()
    }
}

impl Node {
    /// The table whose rows it is about.
    pub fn table(&self) -> &'static Table {
        match self {
            Self::Rows(level) => level.table,
            Self::Aggregate(aggregate) => aggregate.table,
        }
    }

    fn statements(&self) -> usize {
        match self {
            Self::Rows(level) => level.statements(),
            Self::Aggregate(aggregate) => {
                usize::from(!aggregate.functions.is_empty())
                    + aggregate.nodes.iter().map(Level::statements).sum::<usize>()
            }
        }
    }
}

impl Level {
    fn statements(&self) -> usize {
        1 + self.children.iter().map(|child| child.node.statements()).sum::<usize>()
    }
}

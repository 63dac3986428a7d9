//! Pages of lists that no single stretch of an index gives in order: several values of a column, rows of related
//! rows, a page for each parent.
//!
//! One stretch of an index is walked for each value, flow or parent, only as far as the page can reach, and only keys
//! are kept; the rows that win are read by key. What is read then depends on the page, not on the table. Reading whole
//! rows in every stretch was measured to take more than twice the time.

use signalbox_core::query::{Comparison, Filter, OrderTarget, Rows, Scalar};
use signalbox_core::registry::{Cardinality, Column, Kind, Relation, Table};

/// How far into a list stretches are walked. Deep pages pay for each stretch, and are better read from one index.
const REACH: u64 = 1_000;
/// How many values of one column are walked separately.
const VALUES: usize = 64;

/// An index that gives, for every combination of values of the columns, rows in the order of a column.
pub(super) struct Index {
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) order: &'static str,
    /// Whether the tenant leads the index.
    pub(super) by_tenant: bool,
}

/// The indexes of the migrations that lists walk; the more specific of two with the same order comes first. A test
/// looks that each exists.
pub(super) const INDEXES: [Index; 5] = [
    index(&["flow_id", "state"], "scheduled_start_time", false),
    index(&["flow_id"], "scheduled_start_time", false),
    index(&["state"], "scheduled_start_time", true),
    index(&["state"], "created", true),
    index(&["state"], "start_time", true),
];

const fn index(columns: &'static [&'static str], order: &'static str, by_tenant: bool) -> Index {
    Index { table: "flow_run", columns, order, by_tenant }
}

/// Where the values of an index's column come from, one stretch for each.
pub(super) enum Source<'f> {
    /// A list, each value once.
    Values(&'static Column, Vec<Scalar>),
    /// Rows of a relationship to one row that fulfil a condition; the column is the relationship's own.
    Related(&'static Relation, &'f Filter),
}

/// How a page is found.
pub(super) struct Walk<'f> {
    /// What makes the stretches: one for each combination.
    pub(super) sources: Vec<Source<'f>>,
    /// The conditions that remain to be fulfilled by each row.
    pub(super) rest: Vec<&'f Filter>,
    /// Whether the tenant leads the index.
    pub(super) by_tenant: bool,
}

impl<'f> Walk<'f> {
    /// The way to the first `limit` rows behind the offset, when there is an index for it and one stretch of an index
    /// is not enough. `fixed`: a column that has one value already.
    pub(super) fn choose(
        table: &'static Table,
        rows: &'f Rows,
        limit: u64,
        fixed: Option<&'static str>,
    ) -> Option<Self> {
        if rows.offset.saturating_add(limit) > REACH || !rows.distinct_on.is_empty() {
            return None;
        }
        let OrderTarget::Column(order) = &rows.order.first()?.target else { return None };
        let mut conditions = Vec::new();
        conjuncts(&rows.filter, &mut conditions);
        let mut indexes =
            INDEXES.iter().filter(|index| index.table == table.name && index.order == order.name);
        indexes.find_map(|index| Self::along(index, &conditions, fixed))
    }

    fn along(index: &Index, conditions: &[&'f Filter], fixed: Option<&'static str>) -> Option<Self> {
        let mut sources = Vec::new();
        let mut rest = conditions.to_vec();
        for &column in index.columns {
            let is_one = |filter: &&Filter| is_one_value(filter, column);
            if fixed == Some(column) || rest.iter().any(is_one) {
                continue;
            }
            let (position, source) =
                rest.iter().enumerate().find_map(|(at, filter)| Some((at, source(filter, column)?)))?;
            rest.remove(position);
            sources.push(source);
        }
        (!sources.is_empty()).then_some(Self { sources, rest, by_tenant: index.by_tenant })
    }

    /// Whether there may be more stretches than rows on a page.
    pub(super) fn has_many(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Related(..)))
    }
}

/// The conditions that must all hold.
fn conjuncts<'f>(filter: &'f Filter, all: &mut Vec<&'f Filter>) {
    match filter {
        Filter::And(filters) => filters.iter().for_each(|filter| conjuncts(filter, all)),
        other => all.push(other),
    }
}

fn is_one_value(filter: &Filter, name: &str) -> bool {
    match filter {
        Filter::Compare(column, Comparison::Equal(_)) => column.name == name,
        Filter::Compare(column, Comparison::In(values)) => column.name == name && values.len() == 1,
        _ => false,
    }
}

fn source<'f>(filter: &'f Filter, name: &str) -> Option<Source<'f>> {
    match filter {
        Filter::Compare(column, Comparison::In(values)) if column.name == name => {
            let mut different: Vec<Scalar> = Vec::new();
            for value in values {
                if !different.contains(value) {
                    different.push(value.clone());
                }
            }
            let listed = different.len() <= VALUES && column.kind != Kind::Json;
            listed.then_some(Source::Values(column, different))
        }
        Filter::Exists(relation, filter)
            if relation.local == name && relation.cardinality == Cardinality::One =>
        {
            Some(Source::Related(relation, filter))
        }
        _ => None,
    }
}

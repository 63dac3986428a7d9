//! Numbers of flow runs that need no counting: they are kept by flow and state (migration `m0003_counts`).

use sea_orm::sea_query::{Expr, ExprTrait, Func};
use signalbox_core::query::{Filter, Function, Rows};
use signalbox_core::registry::Table;

/// The table whose rows are counted as they change.
const COUNTED: &str = "flow_run";
/// Where the numbers are.
const COUNTS: &str = "flow_run_count";
/// What the rows of one number have in common. The columns have the names of the counted table's.
const COMMON: [&str; 3] = ["tenant_id", "flow_id", "state"];

/// The table of numbers that answers, when all that is asked is a number of rows, and which rows are counted depends
/// on nothing but what the rows of one number have in common. `parent`: the column that groups them.
pub(super) fn counts(
    table: &'static Table,
    rows: &Rows,
    functions: &[Function],
    parent: Option<&'static str>,
) -> Option<&'static str> {
    let known = table.name == COUNTED
        && !rows.is_windowed()
        && functions.iter().all(is_number_of_rows)
        && parent.is_none_or(is_common)
        && is_decided(&rows.filter);
    known.then_some(COUNTS)
}

/// The sum of the numbers; zero when there are none.
pub(super) fn total(alias: &str) -> Expr {
    let sum = Expr::col((alias.to_owned(), "n")).sum();
    Expr::expr(Func::coalesce([sum, Expr::val(0)])).cast_as("bigint")
}

fn is_number_of_rows(function: &Function) -> bool {
    match function {
        Function::Count { columns, distinct } => {
            columns.is_empty() || (!distinct && columns.iter().all(|column| !column.nullable))
        }
        Function::Min(_) | Function::Max(_) | Function::Sum(_) | Function::Avg(_) => false,
    }
}

fn is_common(column: &str) -> bool {
    COMMON.contains(&column)
}

fn is_decided(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().all(is_decided),
        Filter::Not(filter) => is_decided(filter),
        Filter::Compare(column, _) => is_common(column.name),
        // What the related row must fulfil is decided by the related row.
        Filter::Exists(relation, _) => is_common(relation.local),
    }
}

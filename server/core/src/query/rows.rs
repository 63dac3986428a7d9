//! Which rows of a table, in which order: the arguments `where`, `order_by`, `limit`, `offset` and `distinct_on`.

use serde_json::{Map, Value};

use super::build::Budget;
use super::{Filter, OrderTerm, Rejection, filter, literal, order};
use crate::registry::{Column, Table};

/// A selection of rows. Nested levels apply it to the rows of each parent separately.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The predicate.
    pub filter: Filter,
    /// The order, most significant term first; ties are broken by the primary key, in the direction of the last term.
    pub order: Vec<OrderTerm>,
    /// Of rows that agree in these columns, only the first in the order is kept; before `limit` and `offset`.
    /// The columns need not lead the order, as PostgreSQL's `DISTINCT ON` demands.
    pub distinct_on: Vec<&'static Column>,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// How many rows are left out first.
    pub offset: u64,
}

impl Rows {
    /// All rows.
    pub(super) fn all() -> Self {
        Self { filter: Filter::TRUE, order: Vec::new(), distinct_on: Vec::new(), limit: None, offset: 0 }
    }

    pub(super) fn parse(
        table: &'static Table,
        arguments: &Map<String, Value>,
        budget: &mut Budget,
    ) -> Result<Self, Rejection> {
        let mut rows = Self::all();
        for (name, value) in arguments {
            match name.as_str() {
                _ if value.is_null() => {}
                "where" => rows.filter = filter::parse(table, value, budget)?,
                "order_by" => rows.order = order::parse(table, value, budget)?,
                "distinct_on" => rows.distinct_on = columns(table, "distinct_on", value)?,
                "limit" => rows.limit = Some(count("limit", value)?),
                "offset" => rows.offset = count("offset", value)?,
                other => return Err(Rejection::invalid(format!("{} has no argument {other:?}", table.name))),
            }
        }
        Ok(rows)
    }

    /// Whether the number or choice of rows depends on more than the filter.
    pub fn is_windowed(&self) -> bool {
        self.limit.is_some() || self.offset > 0 || !self.distinct_on.is_empty()
    }
}

fn count(argument: &str, value: &Value) -> Result<u64, Rejection> {
    value.as_u64().ok_or_else(|| {
        Rejection::invalid(format!("{argument}: {} is not a number from 0", literal::shortened(value)))
    })
}

/// A column name or a list of them.
pub(super) fn columns(
    table: &'static Table,
    argument: &str,
    value: &Value,
) -> Result<Vec<&'static Column>, Rejection> {
    let mut columns: Vec<&'static Column> = Vec::new();
    for name in filter::listed(value) {
        let column = name.as_str().and_then(|name| table.public_column(name)).ok_or_else(|| {
            let name = literal::shortened(name);
            Rejection::invalid(format!("{argument}: {name} is not a column of {}", table.name))
        })?;
        if !columns.iter().any(|known| known.name == column.name) {
            columns.push(column);
        }
    }
    Ok(columns)
}

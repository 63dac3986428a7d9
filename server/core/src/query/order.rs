//! Orders: Hasura's `<table>_order_by`, also through relationships and their aggregates.

use serde_json::{Map, Value};

use super::build::Budget;
use super::{Rejection, filter, literal};
use crate::registry::{Cardinality, Column, Relation, Table};

/// One term of an order.
#[derive(Debug, Clone)]
pub struct OrderTerm {
    /// What is compared.
    pub target: OrderTarget,
    /// Largest first.
    pub descending: bool,
    /// Where nulls go. The default is PostgreSQL's: last when ascending, first when descending.
    pub nulls_first: bool,
}

/// What a term compares.
#[derive(Debug, Clone)]
pub enum OrderTarget {
    /// A column of the row.
    Column(&'static Column),
    /// Something of the related row.
    Related(&'static Relation, Box<OrderTarget>),
    /// The number of related rows.
    Count(&'static Relation),
    /// The smallest or largest value among the related rows.
    Extreme(&'static Relation, Extreme, &'static Column),
}

/// Which end of the related values an order compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// Reads `order_by`: an object or a list of objects; keys in order of significance.
pub(super) fn parse(
    table: &'static Table,
    value: &Value,
    budget: &mut Budget,
) -> Result<Vec<OrderTerm>, Rejection> {
    let mut terms = Vec::new();
    for entry in filter::listed(value) {
        if !entry.is_null() {
            terms.extend(parse_object(table, entry, budget)?);
        }
    }
    Ok(terms)
}

fn parse_object(
    table: &'static Table,
    value: &Value,
    budget: &mut Budget,
) -> Result<Vec<OrderTerm>, Rejection> {
    let mut terms = Vec::new();
    for (key, value) in object(table, value)? {
        if value.is_null() {
            continue;
        }
        budget.condition()?;
        if let Some(column) = table.public_column(key) {
            terms.push(term(OrderTarget::Column(column), key, value)?);
        } else if let Some(relation) = table.relation(key).filter(|r| r.cardinality == Cardinality::One) {
            budget.enter("order_by")?;
            let related = parse_object(relation.target, value, budget)?;
            budget.leave();
            terms.extend(related.into_iter().map(|term| OrderTerm {
                target: OrderTarget::Related(relation, Box::new(term.target)),
                ..term
            }));
        } else if let Some(relation) = table.aggregate_relation(key) {
            terms.extend(parse_aggregate(relation, value, budget)?);
        } else {
            return Err(Rejection::invalid(format!(
                "order_by: {} has no column or relationship {key:?}",
                table.name
            )));
        }
    }
    Ok(terms)
}

fn parse_aggregate(
    relation: &'static Relation,
    value: &Value,
    budget: &mut Budget,
) -> Result<Vec<OrderTerm>, Rejection> {
    let mut terms = Vec::new();
    for (key, value) in object(relation.target, value)? {
        if value.is_null() {
            continue;
        }
        budget.condition()?;
        let extreme = match key.as_str() {
            "count" => {
                terms.push(term(OrderTarget::Count(relation), key, value)?);
                continue;
            }
            "min" => Extreme::Min,
            "max" => Extreme::Max,
            _ => {
                return Err(Rejection::invalid(format!(
                    "order_by: {}_aggregate can be ordered by count, min or max, not {key:?}",
                    relation.name
                )));
            }
        };
        for (name, value) in object(relation.target, value)? {
            let column =
                relation.target.public_column(name).filter(|c| c.kind.has_extremes()).ok_or_else(|| {
                    Rejection::invalid(format!("order_by: {} has no {key} of {name:?}", relation.target.name))
                })?;
            if !value.is_null() {
                budget.condition()?;
                terms.push(term(OrderTarget::Extreme(relation, extreme, column), name, value)?);
            }
        }
    }
    Ok(terms)
}

fn object<'a>(table: &'static Table, value: &'a Value) -> Result<&'a Map<String, Value>, Rejection> {
    value.as_object().ok_or_else(|| {
        Rejection::invalid(format!(
            "order_by: {} is not an object of orders of {}",
            literal::shortened(value),
            table.name
        ))
    })
}

fn term(target: OrderTarget, name: &str, value: &Value) -> Result<OrderTerm, Rejection> {
    let (descending, nulls_first) = match value.as_str() {
        Some("asc" | "asc_nulls_last") => (false, false),
        Some("asc_nulls_first") => (false, true),
        Some("desc" | "desc_nulls_first") => (true, true),
        Some("desc_nulls_last") => (true, false),
        _ => {
            let value = literal::shortened(value);
            return Err(Rejection::invalid(format!("order_by: {name}: {value} is not an order")));
        }
    };
    Ok(OrderTerm { target, descending, nulls_first })
}

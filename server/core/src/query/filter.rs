//! Predicates: Hasura's `<table>_bool_exp` as a tree of typed conditions.

use serde_json::Value;

use super::Rejection;
use super::build::Budget;
use super::literal::{self, Scalar};
use crate::registry::{Column, Kind, Relation, Table};

/// A condition on a row. SQL's three-valued logic applies: a comparison with a null column is unknown, and
/// unknown rows are not returned, negated or not (Hasura hands its conditions to PostgreSQL as they are).
#[derive(Debug, Clone)]
pub enum Filter {
    /// All of them; an empty list is true.
    And(Vec<Filter>),
    /// Any of them; an empty list is false, as in Hasura.
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
    /// A column compared with a value.
    Compare(&'static Column, Comparison),
    /// At least one row of the relationship (within the tenant) fulfils the condition.
    Exists(&'static Relation, Box<Filter>),
}

/// An operator with its value.
#[derive(Debug, Clone)]
pub enum Comparison {
    /// `_eq`; JSON columns compare by value, not by text.
    Equal(Scalar),
    /// `_neq`.
    NotEqual(Scalar),
    /// `_in`; none for an empty list.
    In(Vec<Scalar>),
    /// `_nin`; all for an empty list.
    NotIn(Vec<Scalar>),
    /// `_gt`.
    Greater(Scalar),
    /// `_gte`.
    GreaterOrEqual(Scalar),
    /// `_lt`.
    Less(Scalar),
    /// `_lte`.
    LessOrEqual(Scalar),
    /// `_is_null`.
    IsNull(bool),
    /// `_like` and its relatives, with `%`, `_` and backslash as PostgreSQL reads them.
    Like {
        /// The pattern.
        pattern: String,
        /// `_nlike`, `_nilike`.
        negated: bool,
        /// `_ilike`, `_nilike`.
        ignore_case: bool,
    },
    /// `_contains`: PostgreSQL's `@>`.
    Contains(Value),
    /// `_contained_in`: PostgreSQL's `<@`.
    ContainedIn(Value),
    /// `_has_key`, `_has_keys_any`: one of the texts is a key of the object, or an element of the array.
    HasAnyKey(Vec<String>),
    /// `_has_keys_all`: each of them is.
    HasAllKeys(Vec<String>),
}

impl Filter {
    /// The condition every row fulfils.
    pub const TRUE: Self = Self::And(Vec::new());

    /// Whether every row fulfils it.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::And(conditions) if conditions.is_empty())
    }
}

/// A list, or a single value standing for a list of one (GraphQL's list coercion).
pub(super) fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

/// Reads `<table>_bool_exp`. A null anywhere in the place of a condition or of a compared value drops it: Hasura
/// version 1's rule, on which the stock client's command line relies for every option that was not given.
pub(super) fn parse(table: &'static Table, value: &Value, budget: &mut Budget) -> Result<Filter, Rejection> {
    budget.enter("where")?;
    let filter = parse_object(table, value, budget);
    budget.leave();
    filter
}

fn parse_object(table: &'static Table, value: &Value, budget: &mut Budget) -> Result<Filter, Rejection> {
    let Value::Object(entries) = value else {
        return Err(Rejection::invalid(format!(
            "where: {} is not an object of conditions on {}",
            literal::shortened(value),
            table.name
        )));
    };
    let mut all = Vec::new();
    for (key, value) in entries {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "_and" => all.push(Filter::And(parse_each(table, value, budget)?)),
            "_or" => all.push(Filter::Or(parse_each(table, value, budget)?)),
            "_not" => all.push(Filter::Not(Box::new(parse(table, value, budget)?))),
            name => all.push(parse_entry(table, name, value, budget)?),
        }
    }
    all.retain(|filter| !filter.is_true());
    Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
}

fn parse_each(table: &'static Table, value: &Value, budget: &mut Budget) -> Result<Vec<Filter>, Rejection> {
    listed(value)
        .iter()
        .filter(|condition| !condition.is_null())
        .map(|condition| {
            budget.condition()?;
            parse(table, condition, budget)
        })
        .collect()
}

fn parse_entry(
    table: &'static Table,
    name: &str,
    value: &Value,
    budget: &mut Budget,
) -> Result<Filter, Rejection> {
    if let Some(column) = table.public_column(name) {
        return comparisons(column, value, budget);
    }
    let Some(relation) = table.relation(name) else {
        return Err(Rejection::invalid(format!(
            "where: {} has no column or relationship {name:?}",
            table.name
        )));
    };
    budget.condition()?;
    Ok(Filter::Exists(relation, Box::new(parse(relation.target, value, budget)?)))
}

fn comparisons(column: &'static Column, value: &Value, budget: &mut Budget) -> Result<Filter, Rejection> {
    let Value::Object(operators) = value else {
        return Err(literal::wrong(column, "where", value, "an object of operators"));
    };
    let mut all = Vec::new();
    for (operator, value) in operators {
        if !value.is_null() {
            budget.condition()?;
            all.push(Filter::Compare(column, comparison(column, operator, value, budget)?));
        }
    }
    Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
}

fn comparison(
    column: &'static Column,
    operator: &str,
    value: &Value,
    budget: &mut Budget,
) -> Result<Comparison, Rejection> {
    let one = || literal::scalar(column, operator, value);
    let many = || -> Result<Vec<Scalar>, Rejection> {
        listed(value).iter().map(|value| literal::scalar(column, operator, value)).collect()
    };
    let ordered = column.kind != Kind::Json;
    if column.kind == Kind::Json {
        for value in listed(value) {
            budget.condition()?;
            budget.json(value)?;
        }
    }
    Ok(match (column.kind, operator) {
        (_, "_eq") => Comparison::Equal(one()?),
        (_, "_neq") => Comparison::NotEqual(one()?),
        (_, "_in") => Comparison::In(many()?),
        (_, "_nin") => Comparison::NotIn(many()?),
        (_, "_gt") if ordered => Comparison::Greater(one()?),
        (_, "_gte") if ordered => Comparison::GreaterOrEqual(one()?),
        (_, "_lt") if ordered => Comparison::Less(one()?),
        (_, "_lte") if ordered => Comparison::LessOrEqual(one()?),
        (_, "_is_null") => Comparison::IsNull(
            value.as_bool().ok_or_else(|| literal::wrong(column, operator, value, "true or false"))?,
        ),
        (Kind::Text, "_like") => like(column, operator, value, false, false)?,
        (Kind::Text, "_nlike") => like(column, operator, value, true, false)?,
        (Kind::Text, "_ilike") => like(column, operator, value, false, true)?,
        (Kind::Text, "_nilike") => like(column, operator, value, true, true)?,
        (Kind::Json, "_contains") => Comparison::Contains(value.clone()),
        (Kind::Json, "_contained_in") => Comparison::ContainedIn(value.clone()),
        (Kind::Json, "_has_key" | "_has_keys_any") => Comparison::HasAnyKey(keys(column, operator, value)?),
        (Kind::Json, "_has_keys_all") => Comparison::HasAllKeys(keys(column, operator, value)?),
        _ => {
            return Err(Rejection::invalid(format!(
                "{}: a {} column has no operator {operator:?}",
                column.name,
                column.kind.scalar()
            )));
        }
    })
}

/// The longest pattern taken: SQLite refuses patterns over 50,000 bytes, and ignoring case can make one character five.
const LONGEST_PATTERN: usize = 5_000;

fn like(
    column: &'static Column,
    operator: &str,
    value: &Value,
    negated: bool,
    ignore_case: bool,
) -> Result<Comparison, Rejection> {
    let text = value.as_str().ok_or_else(|| literal::wrong(column, operator, value, "a string"))?;
    let pattern = literal::text_scalar(column, operator, text)?;
    if pattern.chars().count() > LONGEST_PATTERN {
        return Err(Rejection::limit(format!(
            "{}: {operator}: the pattern is longer than {LONGEST_PATTERN} characters",
            column.name
        )));
    }
    if pattern.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
        return Err(literal::wrong(column, operator, value, "a pattern: it ends in the escape character \\"));
    }
    Ok(Comparison::Like { pattern, negated, ignore_case })
}

fn keys(column: &'static Column, operator: &str, value: &Value) -> Result<Vec<String>, Rejection> {
    listed(value)
        .iter()
        .map(|key| {
            let text = key.as_str().ok_or_else(|| literal::wrong(column, operator, key, "a string"))?;
            literal::text_scalar(column, operator, text)
        })
        .collect()
}

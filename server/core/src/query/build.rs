//! From a root field and its selections to the plan.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use super::plan::{
    Aggregate, AggregateField, AggregateOutput, Child, Field, Function, Level, Node, Output, PathStep, Plan,
    Summary, SummaryOutput,
};
use super::{Allowance, Comparison, Filter, ReadLimits, Rejection, Rows, Selection, literal, rows};
use crate::registry::{Answer, Cardinality, Column, Kind, Root, Table};

impl Plan {
    /// Builds the plan of one root field.
    ///
    /// # Errors
    /// `INVALID_INPUT` for a name or value that does not fit its column, `LIMIT_REACHED` when the request is deeper,
    /// wider or has more conditions than `limits` allow.
    pub fn build(root: &Root, selection: &Selection, limits: &ReadLimits) -> Result<Self, Rejection> {
        let mut budget = Budget::new(*limits);
        let mut node = match root.answer {
            Answer::List => {
                let rows = Rows::parse(root.table, &selection.arguments, &mut budget)?;
                Node::Rows(level(root.table, rows, &selection.selections, &mut budget)?)
            }
            Answer::ByPk => {
                let rows = by_primary_key(root.table, selection)?;
                Node::Rows(level(root.table, rows, &selection.selections, &mut budget)?)
            }
            Answer::Aggregate => {
                let rows = Rows::parse(root.table, &selection.arguments, &mut budget)?;
                Node::Aggregate(aggregate(root.table, rows, &selection.selections, &mut budget)?)
            }
        };
        page(&mut node, limits.default_rows_root, limits.default_rows_nested);
        let allowance = Arc::new(Allowance::new(limits.max_answer_bytes));
        Ok(Self { node, single: root.answer == Answer::ByPk, limits: *limits, allowance })
    }
}

/// Gives lists without `limit` the pages that the operator wants. Aggregates compute over all rows; their `nodes` are
/// a list.
fn page(node: &mut Node, here: Option<u64>, below: Option<u64>) {
    let levels = match node {
        Node::Rows(level) => std::slice::from_mut(level),
        Node::Aggregate(aggregate) => aggregate.nodes.as_mut_slice(),
    };
    for level in levels {
        level.rows.limit = level.rows.limit.or(here);
        for child in &mut level.children {
            let here = below.filter(|_| child.relation.cardinality == Cardinality::Many);
            page(&mut child.node, here, below);
        }
    }
}

/// What the request may still ask for.
pub(super) struct Budget {
    limits: ReadLimits,
    depth: usize,
    levels: usize,
    conditions: usize,
}

impl Budget {
    pub(super) fn new(limits: ReadLimits) -> Self {
        Self { limits, depth: 0, levels: 0, conditions: 0 }
    }

    /// Goes one object deeper into a predicate, an order or a selection.
    pub(super) fn enter(&mut self, place: &str) -> Result<(), Rejection> {
        self.depth += 1;
        let most = self.limits.max_depth;
        if self.depth > most {
            return Err(Rejection::limit(format!(
                "{place} is nested deeper than {most} levels (max_query_relations_deep); nest less, or ask in several steps"
            )));
        }
        Ok(())
    }

    /// Comes back from [`Budget::enter`].
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Takes one condition or order term.
    pub(super) fn condition(&mut self) -> Result<(), Rejection> {
        self.conditions += 1;
        let most = self.limits.max_conditions;
        if self.conditions > most {
            return Err(Rejection::limit(format!(
                "the request has more than {most} conditions and order terms (max_query_conditions); \
                 use _in for long lists of values"
            )));
        }
        Ok(())
    }

    /// Takes a condition for every value inside a compared JSON value: on SQLite each becomes one.
    pub(super) fn json(&mut self, value: &Value) -> Result<(), Rejection> {
        match value {
            Value::Array(values) => values.iter().try_for_each(|value| self.json_nested(value)),
            Value::Object(entries) => entries.values().try_for_each(|value| self.json_nested(value)),
            _ => Ok(()),
        }
    }

    fn json_nested(&mut self, value: &Value) -> Result<(), Rejection> {
        self.condition()?;
        self.enter("a compared JSON value")?;
        let taken = self.json(value);
        self.leave();
        taken
    }

    fn level(&mut self) -> Result<(), Rejection> {
        self.levels += 1;
        let most = self.limits.max_levels;
        if self.levels > most {
            return Err(Rejection::limit(format!(
                "the request selects more than {most} relationships under one root field (max_query_relations); \
                 spread them over several root fields"
            )));
        }
        self.enter("the selection")
    }
}

fn by_primary_key(table: &'static Table, selection: &Selection) -> Result<Rows, Rejection> {
    let id = table
        .public_column("id")
        .ok_or_else(|| Rejection::invalid(format!("{} has no primary key", table.name)))?;
    let value = selection.arguments.get("id").unwrap_or(&Value::Null);
    let id = Filter::Compare(id, Comparison::Equal(literal::scalar(id, &selection.field, value)?));
    Ok(Rows { filter: id, ..Rows::all() })
}

fn level(
    table: &'static Table,
    rows: Rows,
    selections: &[Selection],
    budget: &mut Budget,
) -> Result<Level, Rejection> {
    budget.level()?;
    let mut fields = Vec::with_capacity(selections.len());
    let mut children = Vec::new();
    for selection in selections {
        let output = if selection.field == "__typename" {
            Output::Typename
        } else if let Some(column) = table.public_column(&selection.field) {
            Output::Column(column, path(column, selection)?)
        } else {
            children.push(child(table, selection, budget)?);
            Output::Child(children.len() - 1)
        };
        fields.push(Field { key: selection.key.clone(), output });
    }
    budget.leave();
    Ok(Level { table, rows, fields, children })
}

fn child(table: &'static Table, selection: &Selection, budget: &mut Budget) -> Result<Child, Rejection> {
    if let Some(relation) = table.relation(&selection.field) {
        let rows = match relation.cardinality {
            Cardinality::One => Rows::all(),
            Cardinality::Many => Rows::parse(relation.target, &selection.arguments, budget)?,
        };
        let node = Node::Rows(level(relation.target, rows, &selection.selections, budget)?);
        return Ok(Child { relation, node });
    }
    if let Some(relation) = table.aggregate_relation(&selection.field) {
        let rows = Rows::parse(relation.target, &selection.arguments, budget)?;
        let node = Node::Aggregate(aggregate(relation.target, rows, &selection.selections, budget)?);
        return Ok(Child { relation, node });
    }
    Err(unknown(table.name, &selection.field))
}

fn unknown(type_name: &str, field: &str) -> Rejection {
    Rejection::invalid(format!("{type_name} has no field {field:?}"))
}

/// The `path` argument of a JSON column, in Hasura's form: `$.a.b[0]`, the `$` optional.
fn path(column: &'static Column, selection: &Selection) -> Result<Vec<PathStep>, Rejection> {
    let Some(value) = selection.arguments.get("path").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let wrong = || literal::wrong(column, "path", value, "a path such as \"$.a.b[0]\"");
    let text = value.as_str().filter(|_| column.kind == Kind::Json).ok_or_else(wrong)?;
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']').ok_or_else(wrong)?;
            steps.push(step(index).ok_or_else(wrong)?);
            rest = after;
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return Err(wrong());
            }
            steps.push(PathStep::Key(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Ok(steps)
}

/// What stands between brackets: an index, or a key in quotes.
fn step(text: &str) -> Option<PathStep> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(key) = quoted('"').or_else(|| quoted('\'')) {
        return Some(PathStep::Key(key.to_owned()));
    }
    usize::from_str(text).ok().map(PathStep::Index)
}

fn aggregate(
    table: &'static Table,
    rows: Rows,
    selections: &[Selection],
    budget: &mut Budget,
) -> Result<Aggregate, Rejection> {
    budget.level()?;
    let type_name = format!("{}_aggregate", table.name);
    let mut functions = Vec::new();
    let mut nodes = Vec::new();
    let mut fields = Vec::with_capacity(selections.len());
    for selection in selections {
        let output = match selection.field.as_str() {
            "__typename" => AggregateOutput::Typename,
            "aggregate" => {
                AggregateOutput::Summary(summaries(table, &selection.selections, &mut functions, budget)?)
            }
            "nodes" => {
                nodes.push(level(table, rows.clone(), &selection.selections, budget)?);
                AggregateOutput::Nodes(nodes.len() - 1)
            }
            other => return Err(unknown(&type_name, other)),
        };
        fields.push(AggregateField { key: selection.key.clone(), output });
    }
    budget.leave();
    Ok(Aggregate { table, rows, fields, functions, nodes })
}

fn summaries(
    table: &'static Table,
    selections: &[Selection],
    functions: &mut Vec<Function>,
    budget: &mut Budget,
) -> Result<Vec<Summary>, Rejection> {
    let mut summaries = Vec::with_capacity(selections.len());
    for selection in selections {
        budget.condition()?;
        let output = match selection.field.as_str() {
            "__typename" => SummaryOutput::Typename(format!("{}_aggregate_fields", table.name)),
            "count" => {
                let columns = match selection.arguments.get("columns").filter(|value| !value.is_null()) {
                    Some(value) => rows::columns(table, "columns", value)?,
                    None => Vec::new(),
                };
                let distinct = selection.arguments.get("distinct").and_then(Value::as_bool).unwrap_or(false);
                functions.push(Function::Count { columns, distinct });
                SummaryOutput::Function(functions.len() - 1)
            }
            "min" => group(table, selection, functions, Function::Min, budget)?,
            "max" => group(table, selection, functions, Function::Max, budget)?,
            "sum" => group(table, selection, functions, Function::Sum, budget)?,
            "avg" => group(table, selection, functions, Function::Avg, budget)?,
            other => return Err(unknown(&format!("{}_aggregate_fields", table.name), other)),
        };
        summaries.push(Summary { key: selection.key.clone(), output });
    }
    Ok(summaries)
}

fn group(
    table: &'static Table,
    selection: &Selection,
    functions: &mut Vec<Function>,
    function: fn(&'static Column) -> Function,
    budget: &mut Budget,
) -> Result<SummaryOutput, Rejection> {
    let numeric = matches!(selection.field.as_str(), "sum" | "avg");
    let type_name = format!("{}_{}_fields", table.name, selection.field);
    let mut summaries = Vec::with_capacity(selection.selections.len());
    for selection in &selection.selections {
        budget.condition()?;
        let output = if selection.field == "__typename" {
            SummaryOutput::Typename(type_name.clone())
        } else {
            let column = table
                .public_column(&selection.field)
                .filter(|c| if numeric { c.kind.is_numeric() } else { c.kind.has_extremes() })
                .ok_or_else(|| unknown(&type_name, &selection.field))?;
            functions.push(function(column));
            SummaryOutput::Function(functions.len() - 1)
        };
        summaries.push(Summary { key: selection.key.clone(), output });
    }
    Ok(SummaryOutput::Group(summaries))
}

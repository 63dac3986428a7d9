//! What an operation costs, before it is executed: the price of its reads, and their plans, which are then not made
//! twice.
//!
//! Table reads have the price of their plan; the schema's questions about itself multiply like nested lists; everything
//! else costs its fields.

use super::table::Reader;
use async_graphql::{
    ServerResult, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, SelectionSet},
};
use signalbox_core::{
    query::{Allowance, Cost, Plan, ReadLimits, Rejection, Selection},
    registry,
};
use signalbox_schema::ErrorCode;
use std::{collections::HashMap, sync::Arc};

/// The plans of an operation's table reads, by the keys of the answer. Part of the request's context.
#[derive(Debug, Default)]
pub(crate) struct Plans(HashMap<String, Plan>);

/// What reads of a request may ask for and still write. Part of the request's context.
#[derive(Debug, Clone)]
pub(crate) struct ReadBounds {
    /// The limits.
    pub limits: ReadLimits,
    /// What the whole request may still write into its answer.
    pub allowance: Arc<Allowance>,
}

/// An operation with its price.
#[derive(Debug)]
pub(crate) struct Priced {
    /// What it costs.
    pub cost: Cost,
    /// The plans of its table reads.
    pub plans: Plans,
}

impl Plans {
    /// The plan of the root field with this key.
    pub fn get(&self, key: &str) -> Option<&Plan> {
        self.0.get(key)
    }
}

impl ReadBounds {
    /// Bounds of a request, of which all operations of its batch share the allowance.
    pub fn new(limits: ReadLimits) -> Self {
        Self { limits, allowance: Arc::new(Allowance::new(limits.max_answer_bytes)) }
    }
}

impl Priced {
    /// Prices an operation of a document whose fragments form no cycle.
    ///
    /// # Errors
    /// When it asks for more than the limits allow. What does not fit the schema is left to the executor, which says
    /// more about it.
    pub fn of(
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
        bounds: &ReadBounds,
    ) -> Result<Self, Rejection> {
        price(&Reader::new(document, operation, variables), operation.ty, bounds)
    }
}

fn price(reader: &Reader<'_>, kind: OperationType, bounds: &ReadBounds) -> Result<Priced, Rejection> {
    let mut cost = Cost::default();
    let mut reads: Vec<Selection> = Vec::new();
    // An unknown fragment or variable ends the walk; the executor refuses the operation.
    let _ = reader.each_root(&mut |field| {
        if kind != OperationType::Mutation && registry::root(&field.name.node).is_some() {
            reader.read_field(field)?.merge_into(&mut reads);
        } else {
            cost.values = cost.values.saturating_add(values(reader, field)?);
        }
        Ok(())
    });
    let mut plans = HashMap::with_capacity(reads.len());
    for selection in reads {
        let Some(root) = registry::root(&selection.field) else { continue };
        match Plan::build(root, &selection, &bounds.limits) {
            Ok(mut plan) => {
                plan.allowance = Arc::clone(&bounds.allowance);
                cost = cost.plus(plan.cost());
                plans.insert(selection.key, plan);
            }
            Err(rejection) if rejection.code == ErrorCode::LimitReached => return Err(rejection),
            Err(_) => {}
        }
    }
    affordable(cost, &bounds.limits)?;
    Ok(Priced { cost, plans: Plans(plans) })
}

/// Refuses what costs too much.
pub(crate) fn affordable(cost: Cost, limits: &ReadLimits) -> Result<(), Rejection> {
    if cost.values <= limits.max_cost {
        return Ok(());
    }
    Err(Rejection::limit(format!(
        "the operation may answer with {} values (rows times fields, about {} rows); {} are allowed (max_query_cost); \
         set a smaller limit on its lists, the nested ones first, or select fewer fields",
        cost.values, cost.rows, limits.max_cost
    )))
}

/// Values of a field that reads no table: one for each field, more under the lists of introspection.
fn values(reader: &Reader<'_>, field: &Field) -> ServerResult<u64> {
    match field.name.node.as_str() {
        "__schema" | "__type" => introspected(reader, field),
        _ => {
            let mut total: u64 = 1;
            each(reader, &field.selection_set.node, &mut |field| {
                total = total.saturating_add(values(reader, field)?);
                Ok(())
            })?;
            Ok(total)
        }
    }
}

/// Like [`values`] for `__schema` and what is under it. Its lists are as long as those of this schema on average;
/// types that lead to the fields of types that lead to fields would otherwise keep the server busy for minutes.
fn introspected(reader: &Reader<'_>, field: &Field) -> ServerResult<u64> {
    let length = match field.name.node.as_str() {
        "types" => 400,
        "fields" => 15,
        "inputFields" | "enumValues" => 8,
        "directives" => 5,
        "args" => 2,
        _ => 1,
    };
    let mut total: u64 = 1;
    each(reader, &field.selection_set.node, &mut |field| {
        total = total.saturating_add(introspected(reader, field)?);
        Ok(())
    })?;
    Ok(total.saturating_mul(length))
}

fn each(
    reader: &Reader<'_>,
    set: &SelectionSet,
    visit: &mut dyn FnMut(&Field) -> ServerResult<()>,
) -> ServerResult<()> {
    reader.each_field(set, &mut |field| visit(field))
}

//! The one way to the executor: a document with its operation name and variables is read, measured and priced, and
//! becomes a request. Every transport calls [`admit`] for every operation, also for those of a subscription.

use super::{Documents, HttpLimits, Refusal, document::Document, document::Size};
use crate::graphql::{Priced, ReadBounds};
use async_graphql::{Request as GraphQlRequest, Value, Variables, parser::types::OperationDefinition};
use serde::Serialize;
use signalbox_core::query::Cost;
use signalbox_schema::ErrorCode;
use std::sync::Arc;

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The text of the document.
    pub document: &'a str,
    /// Which of its operations, if there are several.
    pub operation_name: Option<&'a str>,
    /// The variables.
    pub variables: Variables,
}

/// An operation that keeps the limits.
pub(crate) struct Admitted {
    /// The document it is in.
    pub document: Arc<Document>,
    /// What the executor takes. Who asks is added by the caller.
    pub request: GraphQlRequest,
    /// What it costs; `None` if the executor will refuse to choose an operation.
    pub price: Option<Price>,
}

/// What an operation costs, as the answer's `extensions.cost` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Price {
    /// Rows times fields, summed over all lists; bounded by `allowed`.
    pub cost: u64,
    /// What `max_query_cost` allows.
    pub allowed: u64,
    /// Rows, as far as they can be foreseen.
    pub rows: u64,
    /// Statements that read tables, at most.
    pub statements: u64,
    /// Fields on the longest way from the root to a leaf.
    pub depth: usize,
    /// Fields of the widest selection.
    pub breadth: usize,
    /// Fields.
    pub fields: usize,
    /// Fields with an alias.
    pub aliases: usize,
}

impl Price {
    fn new(cost: Cost, size: Size, allowed: u64) -> Self {
        Self {
            cost: cost.values,
            allowed,
            rows: cost.rows,
            statements: cost.statements,
            depth: size.depth,
            breadth: size.breadth,
            fields: size.fields,
            aliases: size.aliases,
        }
    }
}

/// Reads and prices an operation; refuses it when it asks for more than is allowed. The refusal names the limit, what
/// was asked for, and what to change.
pub(crate) fn admit(
    documents: &Documents,
    limits: &HttpLimits,
    bounds: &ReadBounds,
    asked: Asked<'_>,
) -> Result<Admitted, Refusal> {
    let document = documents.get(asked.document)?;
    let mut variables = asked.variables;
    // The executor takes the parsed form; it needs no text.
    let mut request = GraphQlRequest::new(String::new());
    request.operation_name = asked.operation_name.map(str::to_owned);
    let mut price = None;
    if let Some((operation, parsed)) = document.operation(asked.operation_name) {
        operation.roots.check(&variables)?;
        if !limits.introspection && operation.roots.introspects() {
            return Err(Refusal::at(
                ErrorCode::ValidationFailed,
                "introspection is turned off on this server (introspection); its schema is schema/schema.graphql of \
                 its release",
                parsed.pos,
            ));
        }
        complete(&mut variables, &parsed.node);
        let Priced { cost, plans } = Priced::of(&document.parsed, &parsed.node, &variables, bounds)
            .map_err(|rejection| Refusal::at(rejection.code, rejection.message, parsed.pos))?;
        price = Some(Price::new(cost, operation.size, limits.read.max_cost));
        request = request.data(plans);
    }
    request.set_parsed_query(document.parsed.clone());
    let request = request.variables(variables).data(bounds.clone());
    Ok(Admitted { document, request, price })
}

/// Gives variables that are missing their defaults. The executor does so for arguments, but not for `@skip` and
/// `@include`.
fn complete(variables: &mut Variables, operation: &OperationDefinition) {
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        if let Some(default) =
            definition.node.default_value.as_ref().filter(|_| !variables.contains_key(name))
        {
            variables.insert(name.clone(), Value::clone(&default.node));
        }
    }
}

//! What leaves: the executor's response, made to keep the promises of the wire.
//!
//! async-graphql 7.2.1 gives root fields in the order in which they finished and leaves out those that
//! failed; a client that was promised `{a, b}` must get both keys in that order. Every error gets a code, so
//! that `extensions` is never absent or null (the stock client fails on null).

use super::{document::Roots, root_fields::RootFields};
use crate::graphql::describe;
use async_graphql::{ErrorExtensionValues, PathSegment, Response, ServerError, Value};
use indexmap::IndexMap;
use signalbox_schema::ErrorCode;

/// Most errors in one answer: a document can be wrong in every one of its fields.
const MOST_ERRORS: usize = 20;

/// Completes a response. `roots` is `None` if no operation was chosen.
pub(super) fn complete(
    mut response: Response,
    roots: Option<&Roots>,
    schema: &RootFields,
    request_id: &str,
) -> Response {
    response.errors.truncate(MOST_ERRORS);
    if let Some(roots) = roots {
        // An error without a path was found before anything ran: then there is no data at all.
        let executed =
            response.errors.is_empty() || response.errors.iter().any(|error| !error.path.is_empty());
        if executed {
            response.data = restore(std::mem::take(&mut response.data), &response.errors, roots, schema);
        }
    }
    for error in &mut response.errors {
        describe(error, request_id);
        give_code(error, request_id);
    }
    response
}

/// The data with its keys in the order of the operation, and null for what failed. If a field failed that
/// may not be null, there is no data.
fn restore(data: Value, errors: &[ServerError], roots: &Roots, schema: &RootFields) -> Value {
    let mut found = match data {
        Value::Object(found) => found,
        Value::Null => IndexMap::new(),
        other => return other,
    };
    let in_order = found.keys().zip(&roots.fields).all(|(key, field)| *key == field.key.as_str());
    if in_order && found.len() == roots.fields.len() {
        return Value::Object(found);
    }
    let mut data = IndexMap::with_capacity(roots.fields.len());
    for field in &roots.fields {
        if let Some((key, value)) = found.swap_remove_entry(field.key.as_str()) {
            data.insert(key, value);
        } else if errors.iter().any(|error| is_of(error, &field.key)) {
            if schema.is_non_null(roots.kind, &field.name) {
                return Value::Null;
            }
            data.insert(async_graphql::Name::new(&field.key), Value::Null);
        }
        // Else the field was skipped by a directive.
    }
    Value::Object(data)
}

fn is_of(error: &ServerError, key: &str) -> bool {
    matches!(error.path.first(), Some(PathSegment::Field(field)) if field == key)
}

/// Sets `code`, `retryable` and `request_id`, keeping a code that is there.
fn give_code(error: &mut ServerError, request_id: &str) {
    crate::graphql::describe(error, request_id);
    let executed = !error.path.is_empty();
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    let given = match extensions.get("code") {
        Some(Value::String(code)) => ErrorCode::parse(code),
        Some(_) => None,
        None => {
            // The use cases give every refusal a code; what comes without one was found by the executor, in
            // the document or, while executing, in a value of the input.
            let code = if executed { ErrorCode::InvalidInput } else { ErrorCode::ValidationFailed };
            extensions.set("code", code.as_str());
            Some(code)
        }
    };
    extensions.set("retryable", given.is_some_and(ErrorCode::is_retryable));
    extensions.set("request_id", request_id);
}

#[cfg(test)]
mod tests;

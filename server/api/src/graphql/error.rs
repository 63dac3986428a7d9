//! The one place where a use case's error becomes a GraphQL error.

use async_graphql::{ErrorExtensionValues, ServerError};
use signalbox_schema::ErrorCode;
use signalbox_services::ServiceError;
use std::error::Error;

/// Gives an error its `code` if a use case made it. What lies behind an error of ours is logged here, once, and never
/// sent.
pub(crate) fn describe(error: &mut ServerError, request_id: &str) {
    let Some(failure) = error.source::<ServiceError>().cloned() else { return };
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", failure.code.as_str());
    match failure.code {
        ErrorCode::Internal => tracing::error!(request_id, cause = chain(&failure), "a use case failed"),
        ErrorCode::Unavailable => {
            tracing::warn!(request_id, cause = chain(&failure), "a use case could not be carried out now");
        }
        _ => tracing::debug!(request_id, code = failure.code.as_str(), "refused"),
    }
}

fn chain(error: &ServiceError) -> String {
    let mut text = String::new();
    let mut next: Option<&(dyn Error + 'static)> = Error::source(error);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

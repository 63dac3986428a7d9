//! A request that never reaches a resolver: what was wrong with it and what would be right.

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError};
use signalbox_schema::ErrorCode;
use signalbox_services::ServiceError;
use std::error::Error;

/// The reason why a request was refused before execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The machine-readable reason.
    pub code: ErrorCode,
    /// What was wrong, for people.
    pub message: String,
    /// Where in the document, if it was the document.
    pub position: Option<Pos>,
}

impl Refusal {
    /// A refusal that has no place in the document.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), position: None }
    }

    /// A refusal of something in the document.
    pub fn at(code: ErrorCode, message: impl Into<String>, position: Pos) -> Self {
        Self { code, message: message.into(), position: Some(position) }
    }

    /// The GraphQL answer that says so.
    pub(super) fn into_response(self) -> Response {
        let mut error = ServerError::new(self.message, self.position);
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        error.extensions = Some(extensions);
        Response::from_errors(vec![error])
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        if let Some(source) = &error.source {
            tracing::error!(code = error.code.as_str(), error = source.as_ref() as &dyn Error, "refused");
        }
        Self::new(error.code, error.message)
    }
}

//! The one error of every use case.

use signalbox_core::{access::Denied, flow::FlowError, run::Rejection, schedule::ScheduleError};
use signalbox_schema::{ErrorCode, LabelError, StateError};
use signalbox_storage::{StorageError, query::QueryError};
use std::{error::Error, sync::Arc};

/// Why a use case did not happen: a code for programs, a sentence for people, and for our own log what lies behind.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: which value was wrong, and what would be right. Goes to the client.
    pub message: String,
    /// For our log only.
    #[source]
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ServiceError {
    /// An error with nothing behind it.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// A value of the request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// There is no such row for this caller. The text contains `not found`, which the stock client looks for.
    pub fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("{noun} {id} not found."))
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        let (code, message) = match &error {
            StorageError::Refused(message) => (ErrorCode::InvalidInput, message.clone()),
            // The old gateway's text for it; the client's `create project` compares it to the letter.
            error if error.is_unique_violation() => {
                (ErrorCode::AlreadyExists, "Uniqueness violation.".to_owned())
            }
            error if error.is_foreign_key_violation() => {
                (ErrorCode::NotFound, "a row that the request refers to was not found".to_owned())
            }
            error if error.is_retryable() => {
                (ErrorCode::Unavailable, "the server is busy; try again".to_owned())
            }
            _ => (ErrorCode::Internal, "the server failed; its log has the details".to_owned()),
        };
        Self { code, message, source: Some(Arc::new(error)) }
    }
}

impl From<signalbox_core::query::Rejection> for ServiceError {
    fn from(rejection: signalbox_core::query::Rejection) -> Self {
        Self::new(rejection.code, rejection.message)
    }
}

impl From<QueryError> for ServiceError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Rejected(rejection) => rejection.into(),
            QueryError::Database(error) => error.into(),
            malformed @ QueryError::Malformed { .. } => Self {
                code: ErrorCode::Internal,
                message: "the server failed; its log has the details".to_owned(),
                source: Some(Arc::new(malformed)),
            },
        }
    }
}

impl From<Denied> for ServiceError {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::OtherTenant(_) => ErrorCode::NotFound,
            Denied::Role { .. } => ErrorCode::Forbidden,
        };
        Self::new(code, denied.to_string())
    }
}

impl From<Rejection> for ServiceError {
    fn from(rejection: Rejection) -> Self {
        Self::new(rejection.code(), rejection.to_string())
    }
}

impl From<StateError> for ServiceError {
    fn from(error: StateError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<LabelError> for ServiceError {
    fn from(error: LabelError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<FlowError> for ServiceError {
    fn from(error: FlowError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<ScheduleError> for ServiceError {
    fn from(error: ScheduleError) -> Self {
        Self::invalid(error.to_string())
    }
}

//! What can go wrong with a request, and the one place that decides what to do about it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// One entry of the `errors` of a GraphQL answer.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GraphqlError {
    /// What was wrong, for people.
    #[serde(default)]
    pub message: String,
    /// Response path of the field that failed.
    #[serde(default)]
    pub path: Option<Value>,
    /// Machine-readable part; other servers leave it out.
    #[serde(default)]
    pub extensions: Option<ErrorExtensions>,
}

/// The machine-readable part of a [`GraphqlError`].
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorExtensions {
    /// Stable code, for example `NOT_FOUND` or `LEASE_LOST`.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether sending the same request again can succeed.
    #[serde(default)]
    pub retryable: Option<bool>,
    /// Id under which the server logged the request.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// Why a request failed. No variant holds the API key or the variables that were sent.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The configuration cannot be used, for example a key with a line break in it.
    #[error("the API client cannot be set up: {0}")]
    Config(String),
    /// The variables could not be written as JSON.
    #[error("the variables of the request cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// No answer: refused, reset, timed out, broken off.
    #[error("{api} could not be reached: {reason}")]
    Transport {
        /// Address without credentials.
        api: String,
        /// The whole chain of causes in one line.
        reason: String,
        /// False for mistakes of the request itself, which no repetition mends.
        retryable: bool,
    },
    /// An HTTP status that is not a success.
    #[error("the API answered HTTP {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// First error of the body, or its beginning.
        message: String,
        /// Code of the first GraphQL error in the body, if it had one.
        code: Option<String>,
        /// The `Retry-After` header in seconds form.
        retry_after: Option<Duration>,
    },
    /// The API refused the operation.
    #[error("{}", joined(.0))]
    Graphql(Vec<GraphqlError>),
    /// The answer is not what the operation promises.
    #[error("the answer of {api} was not understood: {reason}")]
    Decode {
        /// Address without credentials.
        api: String,
        /// What did not fit.
        reason: String,
    },
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same request may succeed later.
    Retryable,
    /// Repeating is useless.
    Fatal,
    /// The run belongs to somebody else now: stop the work and report nothing.
    LeaseLost,
}

impl ClientError {
    /// The stable code the server gave, for example `NOT_FOUND`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Graphql(errors) => {
                errors.iter().find_map(|error| error.extensions.as_ref()?.code.as_deref())
            }
            Self::Status { code, .. } => code.as_deref(),
            Self::Config(_) | Self::Encode(_) | Self::Transport { .. } | Self::Decode { .. } => None,
        }
    }

    /// The one classifier: retry, give up, or abandon the run.
    pub fn class(&self) -> Class {
        if self.code() == Some("LEASE_LOST") {
            return Class::LeaseLost;
        }
        let retryable = match self {
            Self::Transport { retryable, .. } => *retryable,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Self::Graphql(errors) => errors.iter().any(|error| {
                error.extensions.as_ref().is_some_and(|extensions| {
                    extensions.code.as_deref() == Some("API_ERROR") || extensions.retryable == Some(true)
                })
            }),
            Self::Config(_) | Self::Encode(_) | Self::Decode { .. } => false,
        };
        if retryable { Class::Retryable } else { Class::Fatal }
    }

    /// True when the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.class() == Class::Retryable
    }

    /// How long the server asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn joined(errors: &[GraphqlError]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graphql(code: &str, retryable: Option<bool>) -> ClientError {
        ClientError::Graphql(vec![GraphqlError {
            message: "no".into(),
            path: None,
            extensions: Some(ErrorExtensions { code: Some(code.into()), retryable, request_id: None }),
        }])
    }

    #[test]
    fn every_kind_of_error_has_one_class() {
        assert_eq!(graphql("LEASE_LOST", Some(true)).class(), Class::LeaseLost);
        assert_eq!(graphql("API_ERROR", None).class(), Class::Retryable);
        assert_eq!(graphql("LIMIT_REACHED", Some(true)).class(), Class::Retryable);
        assert_eq!(graphql("NOT_FOUND", Some(false)).class(), Class::Fatal);
        for (status, class) in [(503, Class::Retryable), (429, Class::Retryable), (401, Class::Fatal)] {
            let error = ClientError::Status { status, message: "x".into(), code: None, retry_after: None };
            assert_eq!(error.class(), class, "{status}");
        }
    }
}

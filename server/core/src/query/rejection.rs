//! Why a request cannot become a plan.

use signalbox_schema::ErrorCode;

/// A refusal of the compiler: a code of `schema/errors.md` and a sentence naming the column, operator and value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// `INVALID_INPUT` or `LIMIT_REACHED`.
    pub code: ErrorCode,
    /// What was wrong, and what would be right.
    pub message: String,
}

impl Rejection {
    /// A value or a name of the request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::InvalidInput, message: message.into() }
    }

    /// The request asks for more than is allowed; the message names the setting.
    pub fn limit(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::LimitReached, message: message.into() }
    }
}

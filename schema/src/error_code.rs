//! The codes of `errors[].extensions.code`. Each is explained in `schema/errors.md`.

macro_rules! define_codes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal, $retryable:literal;)+) => {
        /// Machine-readable reason of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, for the tests that compare them with their documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The text on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Whether the same request may succeed later without a change.
            pub const fn is_retryable(self) -> bool {
                match self {
                    $(Self::$name => $retryable,)+
                }
            }

            /// The code behind a text of the wire.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

define_codes! {
    /// No such row for this caller; rows of other tenants answer the same.
    NotFound = "NOT_FOUND", false;
    /// A row with this name or key exists.
    AlreadyExists = "ALREADY_EXISTS", false;
    /// A value of the request is wrong; the message says which and what would be right.
    InvalidInput = "INVALID_INPUT", false;
    /// The current state of the row does not allow the change.
    Conflict = "CONFLICT", false;
    /// No key, or one that is unknown, expired or revoked.
    Unauthenticated = "UNAUTHENTICATED", false;
    /// The key's role does not allow the operation.
    Forbidden = "FORBIDDEN", false;
    /// The state's version is not the run's current one and the flow group locks versions.
    VersionLocking = "VERSION_LOCKING_ERROR", false;
    /// Items behind a stream's cursor were deleted meanwhile.
    CursorExpired = "CURSOR_EXPIRED", false;
    /// The lease token is not, or no longer, the run's.
    LeaseLost = "LEASE_LOST", false;
    /// The request asks for more than is allowed.
    LimitReached = "LIMIT_REACHED", false;
    /// The tenant has too many requests open at once; another moment is better.
    TooManyRequests = "TOO_MANY_REQUESTS", true;
    /// The request body is larger than allowed.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", false;
    /// The server cannot answer just now. The stock client sends the request again on this text.
    Unavailable = "API_ERROR", true;
    /// A defect of the server; its log has the details under the request id.
    Internal = "INTERNAL", false;
    /// The request body is not a GraphQL request.
    BadRequest = "BAD_REQUEST", false;
    /// The document is not GraphQL.
    ParseFailed = "GRAPHQL_PARSE_FAILED", false;
    /// The document does not fit the schema.
    ValidationFailed = "GRAPHQL_VALIDATION_FAILED", false;
}

//! The API's errors in words for a person: what was wrong, and what would be right. Pure.

use signalbox_client::ClientError;

use crate::failure::Failure;

/// The failure that ends a command after this error.
pub(super) fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::Config(_) | ClientError::Encode(_) => Failure::usage(error.to_string()),
        ClientError::Transport { api, reason, .. } => Failure::new(format!("no server answers at {api} ({})", cause(reason)))
            .hint("Is it running? Start one with `signalbox server start`, or name another with --api or SIGNALBOX_API."),
        ClientError::Status { status: 404 | 405, .. } | ClientError::Decode { .. } => Failure::new(error.to_string())
            .hint("Is this the address of a Signalbox server, and of the same version? See `signalbox version`."),
        ClientError::Status { .. } | ClientError::Graphql(_) => {
            let message = error.to_string();
            // Some messages begin with their code, because the stock client looks for it there.
            let code = error.code().unwrap_or_default();
            let words = message.strip_prefix(code).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&message);
            let failure = Failure::new(words);
            match error.code() {
                Some("UNAUTHENTICATED") => {
                    failure.hint("Give a valid API key with --key or SIGNALBOX_API_KEY.")
                }
                Some("FORBIDDEN") => {
                    failure.hint("The role of this API key does not allow it; use a key with a higher role.")
                }
                Some("GRAPHQL_VALIDATION_FAILED" | "GRAPHQL_PARSE_FAILED") => failure
                    .hint("This program and the server are probably of different versions; see `signalbox version`."),
                _ => failure,
            }
        }
    }
}

/// The innermost cause of a chain written in one line: the part people can act on.
fn cause(reason: &str) -> &str {
    if reason.contains("onnection refused") {
        return "connection refused";
    }
    if reason.contains("timed out") {
        return "timed out";
    }
    reason.rsplit(": ").next().unwrap_or(reason)
}

#[cfg(test)]
mod tests {
    use signalbox_client::{ErrorExtensions, GraphqlError};

    use super::*;

    #[test]
    fn a_refused_connection_says_what_to_do() {
        let error = ClientError::Transport {
            api: "http://127.0.0.1:4200/".into(),
            reason: "error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)"
                .into(),
            retryable: true,
        };
        let failure = failure(&error);
        assert_eq!(failure.to_string(), "no server answers at http://127.0.0.1:4200/ (connection refused)");
        assert_eq!(failure.code(), crate::failure::exit::FAILED);
    }

    fn refused(code: &str, message: &str) -> ClientError {
        ClientError::Graphql(vec![GraphqlError {
            message: message.into(),
            path: None,
            extensions: Some(ErrorExtensions {
                code: Some(code.into()),
                retryable: Some(false),
                request_id: None,
            }),
        }])
    }

    #[test]
    fn a_refusal_keeps_the_servers_own_words_without_its_code() {
        let error = refused("INVALID_INPUT", "Required parameters were not supplied: {'x'}");
        assert_eq!(failure(&error).to_string(), "Required parameters were not supplied: {'x'}");
        let error = refused("UNAUTHENTICATED", "UNAUTHENTICATED: the API key is unknown, revoked or expired");
        assert_eq!(failure(&error).to_string(), "the API key is unknown, revoked or expired");
    }
}

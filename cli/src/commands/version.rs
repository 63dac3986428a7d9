//! `signalbox version`: this program's version, and the server's when one answers.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::output::screen::{self, Format};
use crate::session::Session;

/// The server's own account of itself.
pub(crate) const API: &str = "query { api { version } }";

#[derive(Deserialize)]
struct Answer {
    api: Api,
}

#[derive(Deserialize)]
struct Api {
    version: Option<String>,
}

#[derive(Serialize)]
struct Versions {
    client: &'static str,
    /// Null when no server answers.
    server: Option<String>,
}

/// Prints both versions; a server that does not answer is no error here.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let client = env!("CARGO_PKG_VERSION");
    let answer = session.try_ask::<Answer>(API, ()).await;
    match session.screen.format {
        Format::Json => {
            screen::json(&Versions { client, server: answer.ok().and_then(|answer| answer.api.version) })
        }
        Format::Table => {
            screen::line(&format!("signalbox {client}"))?;
            match answer {
                Ok(answer) => {
                    screen::line(&format!("server    {}", answer.api.version.as_deref().unwrap_or("unknown")))
                }
                // A server that answers in GraphQL but does not know the field is there, only of another version.
                Err(error) if error.code() == Some("GRAPHQL_VALIDATION_FAILED") => {
                    screen::line("server    answers, but does not tell its version")
                }
                Err(error) => {
                    screen::note(&format!("server    {}", crate::session::explain(&error)));
                    Ok(())
                }
            }
        }
    }
}

//! `signalbox create …`: things that exist until somebody deletes them. Flow runs are made by `run`.

pub(crate) mod api_key;
pub(crate) mod concurrency_limit;
pub(crate) mod project;
pub(crate) mod tenant;

use clap::Subcommand;

use crate::failure::Failure;
use crate::session::Session;

/// What to create.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a project; one that exists is no error
    Project(project::Arguments),
    /// Create a tenant
    Tenant(tenant::Arguments),
    /// Create an API key; the key is shown once, alone on stdout
    ApiKey(api_key::Arguments),
    /// Limit how many flow runs with a label, or task runs with a tag, are under way at once
    ConcurrencyLimit(concurrency_limit::Arguments),
}

/// Runs the command.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Project(arguments) => project::run(arguments, session).await,
        Command::Tenant(arguments) => tenant::run(arguments, session).await,
        Command::ApiKey(arguments) => api_key::run(arguments, session).await,
        Command::ConcurrencyLimit(arguments) => concurrency_limit::run(arguments, session).await,
    }
}

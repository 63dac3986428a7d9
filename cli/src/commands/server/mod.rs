//! `signalbox server …`.

pub(crate) mod flags;
pub(crate) mod start;

use clap::Subcommand;

use crate::failure::Failure;

/// What to do with the server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server in the foreground; Ctrl-C or SIGTERM ends it gracefully
    Start(start::Arguments),
}

/// Runs the command.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Start(arguments) => start::run(arguments).await,
    }
}

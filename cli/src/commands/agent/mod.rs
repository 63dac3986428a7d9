//! `signalbox agent …`.

pub(crate) mod start;

use clap::Subcommand;

use crate::arguments::Global;
use crate::failure::Failure;

/// What to do with an agent.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start an agent; what follows says where its runs execute
    #[command(subcommand)]
    Start(start::Backend),
}

/// Runs the command.
pub(crate) async fn run(command: Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Start(backend) => start::run(backend, global).await,
    }
}

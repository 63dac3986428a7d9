//! `signalbox set …`: changes of things that exist.

pub(crate) mod schedule_policy;

use clap::Subcommand;

use crate::failure::Failure;
use crate::session::Session;

/// What to change.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether scheduled runs of a flow may overlap, how late they may start, and how far they are spread
    SchedulePolicy(schedule_policy::Arguments),
}

/// Runs the command.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::SchedulePolicy(arguments) => schedule_policy::run(arguments, session).await,
    }
}

//! `signalbox describe …`: everything a person wants to know about one thing, at a glance.

pub(crate) mod flow;
pub(crate) mod flow_run;
mod page;

use clap::Subcommand;

use crate::failure::Failure;
use crate::session::Session;

/// What to describe.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Describe a flow run: states, tasks, parameters, why it waits, last log lines
    #[command(visible_alias = "run")]
    FlowRun(flow_run::Arguments),
    /// Describe a flow: versions, parameters, schedule, storage, tasks, last runs
    Flow(flow::Arguments),
}

/// Runs the command.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::FlowRun(arguments) => flow_run::run(arguments, session).await,
        Command::Flow(arguments) => flow::run(arguments, session).await,
    }
}

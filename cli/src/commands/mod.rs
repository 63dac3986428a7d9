//! One file per command: its arguments, its GraphQL documents, and what it shows. What several commands need is in
//! `session` (asking) and `output` (showing).

pub(crate) mod agent;
pub(crate) mod approve;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod dev;
pub(crate) mod get;
pub(crate) mod pause;
pub(crate) mod restart;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod set;
pub(crate) mod version;

use crate::arguments::{Cli, Command};
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::session::Session;

/// Does what the command line asks.
pub(crate) async fn run(cli: Cli, screen: Screen) -> Result<(), Failure> {
    let session = || Session::new(&cli.global, screen);
    match cli.command {
        Command::Dev(arguments) => dev::run(arguments, &cli.global).await,
        Command::Server(command) => server::run(command).await,
        Command::Agent(command) => agent::run(command, &cli.global).await,
        Command::Create(command) => create::run(command, &session()?).await,
        Command::Run(arguments) => run::run(arguments, &session()?).await,
        Command::Get(command) => get::run(command, &session()?).await,
        Command::Describe(command) => describe::run(command, &session()?).await,
        Command::Cancel(arguments) => cancel::run(arguments, &session()?).await,
        Command::Pause(arguments) => pause::run(arguments, &session()?).await,
        Command::Resume(arguments) => resume::run(arguments, &session()?).await,
        Command::Restart(arguments) => restart::run(arguments, &session()?).await,
        Command::Approve(arguments) => approve::run(arguments, &session()?).await,
        Command::Set(command) => set::run(command, &session()?).await,
        Command::Delete(command) => delete::run(command, &session()?).await,
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Version => version::run(&session()?).await,
    }
}

//! `signalbox agent start local`: the flags are the agent crate's own, the connection is the command line's.

use clap::{Args, Subcommand};
use signalbox_agent::executor::local::Local;
use signalbox_agent::flags::LocalFlags;
use signalbox_agent::{Agent, on_signals};
use signalbox_client::ClientConfig;
use signalbox_schema::StateType;

use crate::arguments::Global;
use crate::failure::{Failure, exit};
use crate::telemetry::{self, LogFormat};

/// Where runs execute.
#[derive(Debug, Subcommand)]
pub(crate) enum Backend {
    /// Runs are processes of this machine
    Local(Box<LocalArguments>),
}

/// Start an agent whose runs are processes of this machine
#[derive(Debug, Args)]
pub(crate) struct LocalArguments {
    /// What the agent crate offers.
    #[command(flatten)]
    flags: LocalFlags,
    /// How the agent's own log looks, on stderr
    #[arg(long, value_enum, env = "SIGNALBOX_LOG_FORMAT", default_value = "pretty")]
    log_format: LogFormat,
}

/// Runs the agent until it is told to stop.
pub(crate) async fn run(backend: Backend, global: &Global) -> Result<(), Failure> {
    match backend {
        Backend::Local(arguments) => local(*arguments, global).await,
    }
}

async fn local(arguments: LocalArguments, global: &Global) -> Result<(), Failure> {
    telemetry::start(arguments.log_format)?;
    let client = ClientConfig {
        key: global.key.clone().filter(|key| !key.is_empty()),
        tenant_id: global.tenant_id,
        ..ClientConfig::new(global.api.clone())
    };
    let once = arguments.flags.once;
    let (config, local) = arguments.flags.into_config(client).map_err(Failure::usage)?;
    let executor = Local::new(local);
    let outcome =
        Agent::new(config, executor).run(on_signals()?).await.map_err(|error| Failure::chain(&error))?;
    let ended_well = outcome.last.and_then(|run| run.state).is_some_and(StateType::is_successful);
    if once && !ended_well { Err(Failure::silent(exit::FAILED)) } else { Ok(()) }
}

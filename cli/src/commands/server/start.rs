//! `signalbox server start`: the server in the foreground.

use std::io;

use clap::Args;
use signalbox_server::{Config, Overrides, Running, StartError, telemetry};

use super::flags::ServerFlags;
use crate::failure::Failure;
use crate::output::screen;

/// Start the server
#[derive(Debug, Args)]
#[command(
    after_help = "Every option is also a variable (SIGNALBOX_PORT=…) and a line of the configuration file.\n\
    When it accepts requests, the server prints one line on stdout: Signalbox is listening on http://…"
)]
pub(crate) struct Arguments {
    /// What a server can be told.
    #[command(flatten)]
    flags: ServerFlags,
}

/// Runs the server until it is told to stop.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = configure(arguments.flags)?;
    let running = launch(config).await?;
    let line = listening(&running);
    let end = running.wait();
    tokio::pin!(end);
    // Looked at first, so that a signal that comes right after the line finds somebody listening for it.
    tokio::select! {
        biased;
        ended = &mut end => return Ok(ended?),
        printed = async { screen::line(&line) } => printed?,
    }
    Ok(end.await?)
}

/// Reads the configuration and starts the log.
pub(crate) fn configure(flags: ServerFlags) -> Result<Config, Failure> {
    let config = Config::load(&Overrides::from(flags)).map_err(|error| Failure::usage(error.to_string()))?;
    telemetry::init(&config);
    Ok(config)
}

/// Starts the server, or says why it did not start.
pub(crate) async fn launch(config: Config) -> Result<Running, Failure> {
    signalbox_server::start(config).await.map_err(|error| {
        let failure = Failure::chain(&error);
        match error {
            StartError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                failure.hint("Another server listens there; choose another port with --port.")
            }
            _ => failure,
        }
    })
}

/// The one line on stdout that scripts wait for.
pub(crate) fn listening(running: &Running) -> String {
    format!("Signalbox is listening on {}", running.url())
}

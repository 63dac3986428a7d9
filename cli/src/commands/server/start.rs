//! `signalbox server start`.

use clap::Args;

use crate::failure::Failure;

/// Start the server
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

/// Runs the server until it is told to stop.
pub(crate) async fn run(_: Arguments) -> Result<(), Failure> {
    Err(Failure::new("not built yet"))
}

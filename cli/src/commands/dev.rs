//! `signalbox dev`.

use clap::Args;

use crate::arguments::Global;
use crate::failure::Failure;

/// Server and local agents in one process
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

/// Runs both until told to stop.
pub(crate) async fn run(_: Arguments, _: &Global) -> Result<(), Failure> {
    Err(Failure::new("not built yet"))
}

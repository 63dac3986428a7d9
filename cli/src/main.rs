//! `signalbox`, the one binary people install: the server, the agent and the commands that talk to them. This file
//! only starts the program; arguments are in `arguments`, one file per command in `commands`.

mod arguments;
mod commands;
#[cfg(test)]
mod documents;
mod edge;
mod failure;
mod output;
mod session;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::arguments::Cli;
use crate::failure::Failure;
use crate::output::screen::Screen;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Called by an agent of ours to stand by a flow run; before there are threads.
    if let Some(code) = signalbox_agent::main_if_asked() {
        return code;
    }
    let cli = Cli::parse();
    let screen = Screen::of_this_process(cli.global.output, edge::now());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(Err(Failure::new(format!("the async runtime cannot start: {error}")))),
    };
    let result = runtime.block_on(commands::run(cli, screen));
    // A thread that waits for an answer on stdin must not hold the process.
    runtime.shutdown_background();
    end(result)
}

fn end(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.code())
        }
    }
}

//! Log lines, to standard error. Fields have the names of one vocabulary (`tenant.id`, `flow_run.id`,
//! `duration_ms` …); secrets and user data are never among them.

use crate::{Config, LogFormat};
use std::{
    io::{IsTerminal, stderr},
    panic::{self, PanicHookInfo},
};
use tracing_subscriber::{EnvFilter, fmt};

/// Sends the log lines of this process where `config` says. Only the first call of a process has an effect.
pub fn init(config: &Config) {
    let filter = EnvFilter::builder().parse_lossy(&config.log);
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    let first = match config.log_format {
        LogFormat::Pretty => {
            let colours =
                stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            lines.with_ansi(colours).try_init().is_ok()
        }
        LogFormat::Json => lines.json().flatten_event(true).try_init().is_ok(),
    };
    if first {
        panic::set_hook(Box::new(note_panic));
    }
}

/// One line per panic. A message that was put together at run time may hold user data, so only literal ones
/// are shown; the place tells the rest.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message not shown)");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(message, place, "panic");
}

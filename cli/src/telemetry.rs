//! The log of the agent on stderr. The server sets up its own, also when an agent runs beside it (`dev`).

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    // For people.
    Pretty,
    // One JSON object a line.
    Json,
}

impl LogFormat {
    /// As it is written on the command line and in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}

/// Starts logging to stderr; `SIGNALBOX_LOG` chooses what (`info` by default).
///
/// # Errors
/// When `SIGNALBOX_LOG` cannot be understood.
pub(crate) fn start(format: LogFormat) -> Result<(), Failure> {
    let wanted = std::env::var("SIGNALBOX_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        Failure::usage(format!("SIGNALBOX_LOG={wanted} cannot be understood: {error}"))
            .hint("Write for example info, debug, or info,signalbox_agent=debug")
    })?;
    let colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = match format {
        LogFormat::Pretty => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new(format!("the log cannot be started: {error}")))
}

//! How a command ends when it does not end well: one sentence of what was wrong, one of what would be right, and an
//! exit code. Nothing here talks to the server; `session` turns the client's errors into failures.

use std::fmt;
use std::io;

/// The exit codes scripts may rely on.
pub(crate) mod exit {
    /// A watched run ended badly, something was not found, the server refused.
    pub(crate) const FAILED: u8 = 1;
    /// The command line itself was wrong (clap uses the same number).
    pub(crate) const USAGE: u8 = 2;
    /// Ended by Ctrl-C, as shells number it (128 + SIGINT).
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command did not succeed, in words for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// Something went wrong: `message` says what, with the value it concerns.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { code: exit::FAILED, message: Some(message.into()), hint: None }
    }

    /// The command line asks for something that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: exit::USAGE, message: Some(message.into()), hint: None }
    }

    /// Everything was said already; only the exit code is left to give.
    pub(crate) fn silent(code: u8) -> Self {
        Self { code, message: None, hint: None }
    }

    /// Adds the second line: what would be right.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code of the process.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Shows the failure to the person, unless there is nothing to say.
    pub(crate) fn report(&self) {
        if let Some(message) = &self.message {
            crate::output::screen::complain(message, self.hint.as_deref());
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("ended early"))
    }
}

/// Writing to stdout fails when the reader of a pipe has gone (`signalbox get flows | head -1`). That is no error.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(0),
            _ => Self::new(error.to_string()),
        }
    }
}

/// An error chain from the server or the agent, outermost first.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}

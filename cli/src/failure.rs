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

    /// An error with its causes in one line. Some errors repeat their cause in their own words; it is said once.
    pub(crate) fn chain(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !message.contains(&words) {
                message = format!("{message}: {words}");
            }
            cause = error.source();
        }
        Self::new(message)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer{repeated}")]
    struct Outer {
        repeated: &'static str,
        source: io::Error,
    }

    #[test]
    fn causes_are_said_once() {
        let source = || io::Error::other("inner");
        let failure = Failure::chain(&Outer { repeated: "", source: source() });
        assert_eq!(failure.to_string(), "outer: inner");
        let failure = Failure::chain(&Outer { repeated: ": inner", source: source() });
        assert_eq!(failure.to_string(), "outer: inner");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).code(), 0);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).code(), exit::FAILED);
    }
}

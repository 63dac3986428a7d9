//! Where output goes and how it looks there: format, colours, terminals, and the moment relative times count from.
//! Writing never panics: a closed pipe ends the command quietly (`failure`).

use std::io::{self, IsTerminal, Write};

use chrono::{DateTime, Utc};
use owo_colors::{OwoColorize, Stream, Style};
use serde::Serialize;

use super::table::{Row, render};
use crate::failure::Failure;

/// What `--output` chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    // Doc comments here would make every --help three times as long.
    // Aligned columns for people; relative times.
    Table,
    // JSON for scripts; stable field names, absolute times.
    Json,
}

/// One command's view of its terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Table or JSON.
    pub(crate) format: Format,
    /// Whether stdout takes colours (a terminal, and `NO_COLOR` is not set).
    pub(crate) colours: bool,
    /// The same for stderr.
    pub(crate) stderr_colours: bool,
    /// Whether a person sees stderr and can answer on stdin.
    pub(crate) interactive: bool,
    /// The moment the command began: relative times count from here.
    pub(crate) now: DateTime<Utc>,
}

impl Screen {
    /// Looks at the streams of this process.
    pub(crate) fn of_this_process(format: Format, now: DateTime<Utc>) -> Self {
        Self {
            format,
            colours: takes_colours(Stream::Stdout),
            stderr_colours: takes_colours(Stream::Stderr),
            interactive: io::stderr().is_terminal() && io::stdin().is_terminal(),
            now,
        }
    }

    /// Shows a list: a table, or a JSON array. `nothing` is said to the person when the table would be empty.
    pub(crate) fn list<R: Row>(&self, rows: &[R], nothing: &str) -> Result<(), Failure> {
        match self.format {
            Format::Json => json(&rows),
            Format::Table if rows.is_empty() => {
                note(nothing);
                Ok(())
            }
            Format::Table => line(&render(rows, self)),
        }
    }

    /// Shows one thing that was made or changed: its id alone on stdout, or a JSON object; `note` goes to stderr.
    pub(crate) fn made<T: Serialize>(&self, id: &str, thing: &T, message: &str) -> Result<(), Failure> {
        match self.format {
            Format::Json => json(thing),
            Format::Table => {
                note(message);
                line(id)
            }
        }
    }

    /// The time shown in a table cell: relative, `-` when there is none.
    pub(crate) fn ago(&self, moment: Option<DateTime<Utc>>) -> String {
        moment.map_or_else(|| "-".to_owned(), |moment| super::time::relative(self.now, moment))
    }

    /// Bold on stdout where colours are taken.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.colours { text.bold().to_string() } else { text.to_owned() }
    }

    /// Dimmed on stdout where colours are taken.
    pub(crate) fn dim(&self, text: &str) -> String {
        if self.colours { text.dimmed().to_string() } else { text.to_owned() }
    }
}

fn takes_colours(stream: Stream) -> bool {
    let probe = "x";
    probe.if_supports_color(stream, |text| text.bold()).to_string() != probe
}

/// Writes one line of data to stdout.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// Writes one value to stdout as indented JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(error.to_string()))?;
    line(&text)
}

/// Says something to the person, on stderr. A stderr that is gone is nobody's problem.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Warns the person, on stderr.
pub(crate) fn warn(text: &str) {
    let label = "warning:";
    let label = label.if_supports_color(Stream::Stderr, |label| label.style(Style::new().yellow().bold()));
    drop(writeln!(io::stderr().lock(), "{label} {text}"));
}

/// Says what went wrong and, on a second line, what would be right.
pub(crate) fn complain(message: &str, hint: Option<&str>) {
    let label = "error:";
    let label = label.if_supports_color(Stream::Stderr, |label| label.style(Style::new().red().bold()));
    let mut err = io::stderr().lock();
    drop(writeln!(err, "{label} {message}"));
    if let Some(hint) = hint {
        drop(writeln!(err, "{hint}"));
    }
}

/// Asks a yes-or-no question on the terminal; anything but `y` or `yes` means no.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let mut err = io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

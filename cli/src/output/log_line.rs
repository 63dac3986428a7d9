//! One line of a run's log, as it arrives from the server and as it is shown.

use chrono::{DateTime, Utc};
use owo_colors::OwoColorize;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::text::printable;
use super::time;

/// A row of the `log` table.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct LogLine {
    /// Identity, for telling repeated reads apart.
    pub(crate) id: Uuid,
    /// When the line was written, by the clock of the machine that wrote it.
    pub(crate) timestamp: DateTime<Utc>,
    /// `INFO`, `ERROR` …; free text.
    pub(crate) level: Option<String>,
    /// The logger, for example `prefect.CloudTaskRunner`.
    pub(crate) name: Option<String>,
    /// What was said; may have several lines.
    pub(crate) message: Option<String>,
}

impl LogLine {
    /// Whether this is the line with which Prefect's runner closes a run ("Flow run SUCCESS: …"): nothing follows it. It
    /// arrives after the run's last state, because runners send their lines in batches and the last at their exit.
    pub(crate) fn closes_run(&self) -> bool {
        let outcome = self.message.as_deref().and_then(|message| message.strip_prefix("Flow run "));
        // "Flow run has been cancelled, …" is followed by more.
        self.name.as_deref() == Some("prefect.CloudFlowRunner")
            && outcome.is_some_and(|outcome| outcome.starts_with(|c: char| c.is_ascii_uppercase()))
    }

    /// `12:03:04.567 INFO  prefect.CloudFlowRunner  message`
    pub(crate) fn show(&self, colours: bool) -> String {
        let when = time::time_of_day(self.timestamp);
        let level = format!("{:<8}", printable(self.level.as_deref().unwrap_or("INFO")));
        let name = printable(self.name.as_deref().unwrap_or("-"));
        let message = printable(self.message.as_deref().unwrap_or_default());
        let message = message.trim_end();
        if !colours {
            return format!("{when} {level} {name}  {message}");
        }
        let level = match severity(&level) {
            40.. => level.red().to_string(),
            30..=39 => level.yellow().to_string(),
            20..=29 => level.green().to_string(),
            _ => level.dimmed().to_string(),
        };
        format!("{} {level} {}  {message}", when.dimmed(), name.dimmed())
    }
}

/// The levels of Python's `logging`, in order; `--level` offers them.
pub(crate) const LEVELS: [(&str, u8); 5] =
    [("DEBUG", 10), ("INFO", 20), ("WARNING", 30), ("ERROR", 40), ("CRITICAL", 50)];

/// The number Python's `logging` gives a level; also reads `Level 25`; what we do not know counts as INFO.
pub(crate) fn severity(level: &str) -> u8 {
    let level = level.trim();
    LEVELS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(level))
        .map(|(_, number)| *number)
        .or_else(|| level.strip_prefix("Level ").and_then(|number| number.parse().ok()))
        .unwrap_or(20)
}

/// Reads the `--level` option.
///
/// # Errors
/// A sentence that lists the levels.
pub(crate) fn parse_level(text: &str) -> Result<u8, String> {
    let wanted = if text.eq_ignore_ascii_case("warn") { "WARNING" } else { text };
    LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, number)| *number).ok_or_else(
        || format!("there is no level `{text}`; the levels are debug, info, warning, error and critical"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_aligned_and_harmless() {
        let line = LogLine {
            id: Uuid::nil(),
            timestamp: DateTime::UNIX_EPOCH,
            level: Some("WARNING".into()),
            name: Some("prefect.task".into()),
            message: Some("50 %\x1b[2J done\n".into()),
        };
        let shown = line.show(false);
        assert!(shown.ends_with(" WARNING  prefect.task  50 %[2J done"), "{shown}");
    }

    #[test]
    fn the_runners_last_line_is_recognised() {
        let line = |message: &str| LogLine {
            id: Uuid::nil(),
            timestamp: DateTime::UNIX_EPOCH,
            level: None,
            name: Some("prefect.CloudFlowRunner".into()),
            message: Some(message.into()),
        };
        assert!(line("Flow run SUCCESS: all reference tasks succeeded").closes_run());
        assert!(!line("Flow run has been cancelled, cancelling active tasks").closes_run());
        assert!(!line("Beginning Flow run for 'etl'").closes_run());
    }

    #[test]
    fn levels_have_an_order_even_unusual_ones() {
        assert_eq!(severity("error"), 40);
        assert_eq!(severity("Level 25"), 25);
        assert_eq!(severity("NOTICE"), 20);
        assert_eq!(parse_level("warn"), Ok(30));
        assert!(parse_level("loud").is_err());
    }
}

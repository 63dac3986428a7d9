//! How the states of runs are shown: their colours and the groups a person cares about. The rules of states live in
//! `signalbox-schema` and in the server; this is only their face.

use comfy_table::Color;
use owo_colors::{AnsiColors, OwoColorize};
use signalbox_schema::StateType;

/// What a state means to somebody who waits for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mood {
    /// Ended as it should.
    Good,
    /// Ended badly.
    Bad,
    /// Ended because somebody said so, or about to.
    Stopped,
    /// At work.
    Active,
    /// Will be at work, or a name this version does not know.
    Waiting,
}

impl Mood {
    /// The mood of a state.
    pub(crate) fn of(state: &str) -> Self {
        use StateType as S;
        match StateType::parse(state) {
            Some(S::Finished | S::Success | S::Skipped | S::Cached | S::Mapped | S::Looped) => Self::Good,
            Some(S::Failed | S::TimedOut | S::TriggerFailed | S::ValidationFailed | S::ClientFailed) => {
                Self::Bad
            }
            Some(S::Cancelling | S::Cancelled) => Self::Stopped,
            Some(S::Running) => Self::Active,
            Some(
                S::Pending | S::Scheduled | S::Paused | S::Resume | S::Retrying | S::Submitted | S::Queued,
            )
            | None => Self::Waiting,
        }
    }

    /// The names of the states with this mood, for use in a query.
    pub(crate) fn names(self) -> Vec<&'static str> {
        StateType::ALL.iter().map(|state| state.as_str()).filter(|name| Self::of(name) == self).collect()
    }
}

/// True when the run will not move again by itself.
pub(crate) fn is_finished(state: &str) -> bool {
    StateType::parse(state).is_some_and(StateType::is_finished)
}

/// Reads the name of a state in any case (`running`, `timed-out`).
///
/// # Errors
/// A sentence that lists the names there are.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let wanted: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    let names = || StateType::ALL.iter().map(|state| state.as_str());
    names().find(|name| name.eq_ignore_ascii_case(&wanted)).map(str::to_owned).ok_or_else(|| {
        format!("there is no state `{text}`; the states are {}", names().collect::<Vec<_>>().join(", "))
    })
}

/// The colour of a state in a table cell.
pub(crate) fn cell_colour(state: &str) -> Color {
    match Mood::of(state) {
        Mood::Good => Color::Green,
        Mood::Bad => Color::Red,
        Mood::Stopped => Color::Magenta,
        Mood::Active => Color::Blue,
        Mood::Waiting => Color::Yellow,
    }
}

/// The state as text, coloured when `colours` says so; may be padded with spaces.
pub(crate) fn painted(state: &str, colours: bool) -> String {
    if !colours {
        return state.to_owned();
    }
    let colour = match Mood::of(state.trim_end()) {
        Mood::Good => AnsiColors::Green,
        Mood::Bad => AnsiColors::Red,
        Mood::Stopped => AnsiColors::Magenta,
        Mood::Active => AnsiColors::Blue,
        Mood::Waiting => AnsiColors::Yellow,
    };
    state.color(colour).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(parse("running").as_deref(), Ok("Running"));
        assert_eq!(parse("timed-out").as_deref(), Ok("TimedOut"));
        assert_eq!(parse("TRIGGER_FAILED").as_deref(), Ok("TriggerFailed"));
        assert!(parse("Crashed").unwrap_err().contains("Success"));
    }

    #[test]
    fn every_state_has_one_mood() {
        let moods = [Mood::Good, Mood::Bad, Mood::Stopped, Mood::Active, Mood::Waiting];
        let named: usize = moods.iter().map(|mood| mood.names().len()).sum();
        assert_eq!(named, StateType::ALL.len());
        assert_eq!(Mood::Stopped.names(), ["Cancelling", "Cancelled"]);
        assert!(!is_finished("Cancelling"));
        assert!(!is_finished("Brand new"));
    }
}

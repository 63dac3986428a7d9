//! How long a tenant keeps what has happened. Off unless the tenant says otherwise; never applied to what still runs.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

/// The setting of the tenant that holds it.
pub const SETTING: &str = "retention";
/// Longest time that can be set: a hundred years.
pub const MOST_DAYS: u32 = 36_500;

/// What is kept for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// Log lines of runs that have ended.
    Logs,
    /// States of runs that have ended and of their task runs, but for the last of each.
    States,
    /// The event log.
    Events,
    /// Runs that have ended, with everything that belongs to them.
    Runs,
}

impl Kept {
    /// All of them, in the order in which they are looked at: what goes with its run need not be looked for before.
    pub const ALL: [Self; 4] = [Self::Runs, Self::Logs, Self::States, Self::Events];

    /// Its name in the settings and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::States => "states",
            Self::Events => "events",
            Self::Runs => "runs",
        }
    }
}

/// How many days each is kept; `None` is for ever. Runs, and what belongs to them, count from when the run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// [`Kept::Logs`].
    pub logs: Option<u32>,
    /// [`Kept::States`].
    pub states: Option<u32>,
    /// [`Kept::Events`].
    pub events: Option<u32>,
    /// [`Kept::Runs`].
    pub runs: Option<u32>,
}

impl Retention {
    /// What a tenant's settings say. A value that is no number of days keeps for ever: nothing is deleted by mistake.
    pub fn of(settings: &Value) -> Self {
        let days = |kept: Kept| {
            let days = u32::try_from(settings[SETTING][kept.name()].as_u64()?).ok()?;
            (1..=MOST_DAYS).contains(&days).then_some(days)
        };
        Self {
            logs: days(Kept::Logs),
            states: days(Kept::States),
            events: days(Kept::Events),
            runs: days(Kept::Runs),
        }
    }

    /// The setting's value.
    pub fn to_setting(self) -> Value {
        let entries = Kept::ALL.iter().map(|kept| (kept.name().to_owned(), self.days(*kept).into()));
        Value::Object(entries.collect::<Map<_, _>>())
    }

    /// How many days something is kept.
    pub const fn days(&self, kept: Kept) -> Option<u32> {
        match kept {
            Kept::Logs => self.logs,
            Kept::States => self.states,
            Kept::Events => self.events,
            Kept::Runs => self.runs,
        }
    }

    /// What is older than this goes.
    pub fn cutoff(&self, kept: Kept, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        now.checked_sub_signed(TimeDelta::days(self.days(kept)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_read_and_written() {
        let retention = Retention { logs: Some(30), events: Some(1), ..Retention::default() };
        let settings = json!({"lamp": "amber", SETTING: retention.to_setting()});
        assert_eq!(Retention::of(&settings), retention);
        assert_eq!(settings[SETTING], json!({"runs": null, "logs": 30, "states": null, "events": 1}));
    }

    #[test]
    fn nothing_is_deleted_by_mistake() {
        let wrong = json!({"logs": 0, "states": -1, "events": "30", "runs": 1e9});
        for settings in [json!(null), json!({}), json!({SETTING: 7}), json!({SETTING: wrong})] {
            assert_eq!(Retention::of(&settings), Retention::default(), "{settings}");
        }
        assert_eq!(Retention::default().cutoff(Kept::Runs, DateTime::UNIX_EPOCH), None);
        let century = Retention { runs: Some(MOST_DAYS), ..Retention::default() };
        assert_eq!(century.cutoff(Kept::Runs, DateTime::<Utc>::MIN_UTC), None);
    }
}

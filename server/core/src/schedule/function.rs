//! How the client writes a filter or an adjustment: `{"fn": qualified name, "kwargs": {…}}`, where texts that begin
//! with `//datetime:`, `//time:` or `//timedelta:` stand for what JSON has no type for.

use super::ScheduleError;
use super::moment::{Moment, Zone};
use super::read::At;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::Value;

/// Longest interval that is added to an event, in seconds (about 3,000 years).
const MAX_TIMEDELTA_SECONDS: f64 = 1e11;

/// A reference to one of the client's functions.
pub(super) struct Call<'a> {
    function: At<'a>,
    kwargs: At<'a>,
}

impl<'a> Call<'a> {
    pub(super) fn read(at: &At<'a>) -> Result<Self, ScheduleError> {
        at.object()?;
        let call = Self { function: at.member("fn"), kwargs: at.member("kwargs") };
        if !call.kwargs.value.is_null() {
            call.kwargs.object()?;
        }
        Ok(call)
    }

    /// The function's name after the module `prefix`.
    pub(super) fn name(&self, prefix: &str) -> Result<&'a str, ScheduleError> {
        Ok(self.function.text()?.strip_prefix(prefix).unwrap_or_default())
    }

    pub(super) fn unknown(&self, expected: &str) -> ScheduleError {
        self.function.refuse(expected)
    }

    /// Refuses arguments that the function does not take.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), ScheduleError> {
        let extra =
            self.kwargs.value.as_object().and_then(|all| all.keys().find(|k| !names.contains(&k.as_str())));
        match extra {
            None => Ok(()),
            Some(name) => Err(self.kwargs.member(name).refuse("left out: the function does not take it")),
        }
    }

    pub(super) fn number(&self, name: &str, least: u32, most: u32) -> Result<u32, ScheduleError> {
        let at = self.kwargs.member(name);
        u32::try_from(at.whole()?)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| at.refuse(format!("a number from {least} to {most}")))
    }

    fn prefixed<T>(
        &self,
        name: &str,
        prefix: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ScheduleError> {
        let at = self.kwargs.member(name);
        at.value
            .as_str()
            .and_then(|text| text.strip_prefix(prefix))
            .and_then(read)
            .ok_or_else(|| at.refuse(format!("a text of the form {prefix}…")))
    }

    pub(super) fn datetime(&self, name: &str) -> Result<DateTime<Utc>, ScheduleError> {
        self.prefixed(name, "//datetime:", |text| Some(Moment::parse(text, Zone::UTC)?.instant))
    }

    /// A wall clock; an offset written behind it is dropped, as the client does.
    pub(super) fn time(&self, name: &str) -> Result<NaiveTime, ScheduleError> {
        self.prefixed(name, "//time:", |text| {
            let wall = text.split(['+', '-', 'Z']).next()?;
            ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(wall, format).ok())
        })
    }

    pub(super) fn timedelta(&self, name: &str) -> Result<TimeDelta, ScheduleError> {
        self.prefixed(name, "//timedelta:", |text| {
            let seconds: f64 = text.parse().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "bounded far below i64::MAX microseconds")]
            let micros = (seconds.abs() <= MAX_TIMEDELTA_SECONDS).then(|| (seconds * 1e6).round() as i64)?;
            Some(TimeDelta::microseconds(micros))
        })
    }
}

/// Reads every item of a list of function references.
pub(super) fn read_calls<T>(
    list: &At<'_>,
    most: usize,
    parse: impl Fn(&Call<'_>) -> Result<T, ScheduleError>,
) -> Result<Vec<T>, ScheduleError> {
    list.items(most)?.iter().map(|at| parse(&Call::read(at)?)).collect()
}

/// The parameter defaults of a clock: an object, null for none.
pub(super) fn read_parameters(at: &At<'_>) -> Result<serde_json::Map<String, Value>, ScheduleError> {
    match at.value {
        Value::Null => Ok(serde_json::Map::new()),
        _ => at.object().cloned(),
    }
}

//! The adjustments of `prefect.schedules.adjustments`: what moves an event that passed the filters.

use super::ScheduleError;
use super::filter::is_weekday;
use super::function::Call;
use super::moment::Moment;
use chrono::TimeDelta;

/// A change of an event's time.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Adjustment {
    /// Adds elapsed time (not wall-clock time).
    Add(TimeDelta),
    /// Moves a Saturday or Sunday to the same wall clock on Monday.
    NextWeekday,
}

impl Adjustment {
    pub(super) fn parse(call: &Call<'_>) -> Result<Self, ScheduleError> {
        Ok(match call.name("prefect.schedules.adjustments.")? {
            "add" => {
                call.only(&["interval"])?;
                Self::Add(call.timedelta("interval")?)
            }
            "next_weekday" => call.only(&[]).map(|()| Self::NextWeekday)?,
            _ => return Err(call.unknown("an adjustment of prefect.schedules.adjustments")),
        })
    }

    /// The moved event; `None` when it leaves the calendar.
    pub(super) fn apply(&self, mut moment: Moment) -> Option<Moment> {
        match self {
            Self::Add(interval) => moment.instant = moment.instant.checked_add_signed(*interval)?,
            Self::NextWeekday => {
                while !is_weekday(moment.local()) {
                    let tomorrow = moment.local().checked_add_signed(TimeDelta::days(1))?;
                    moment.instant = moment.zone.resolve_late(tomorrow)?;
                }
            }
        }
        Some(moment)
    }
}

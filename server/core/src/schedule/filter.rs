//! The filters of `prefect.schedules.filters`: which events of the clocks count. All read the wall clock of the
//! event's own zone.

use super::ScheduleError;
use super::function::Call;
use super::moment::Moment;
use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A question about one event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    OnDatetime(DateTime<Utc>),
    BetweenDatetimes(DateTime<Utc>, DateTime<Utc>),
    OnDate((u32, u32)),
    BetweenDates((u32, u32), (u32, u32)),
    AtTime(NaiveTime),
    BetweenTimes(NaiveTime, NaiveTime),
    IsWeekday,
    IsWeekend,
    IsMonthStart,
    IsMonthEnd,
    /// Monday is 0: what the client does, although its documentation says that Sunday is.
    IsDayOfWeek(i64),
}

impl Filter {
    pub(super) fn parse(call: &Call<'_>) -> Result<Self, ScheduleError> {
        Ok(match call.name("prefect.schedules.filters.")? {
            "on_datetime" => {
                call.only(&["dt"])?;
                Self::OnDatetime(call.datetime("dt")?)
            }
            "between_datetimes" => {
                call.only(&["start", "end"])?;
                Self::BetweenDatetimes(call.datetime("start")?, call.datetime("end")?)
            }
            "on_date" => {
                call.only(&["month", "day"])?;
                Self::OnDate((call.number("month", 1, 12)?, call.number("day", 1, 31)?))
            }
            "between_dates" => {
                call.only(&["start_month", "start_day", "end_month", "end_day"])?;
                Self::BetweenDates(
                    (call.number("start_month", 1, 12)?, call.number("start_day", 1, 31)?),
                    (call.number("end_month", 1, 12)?, call.number("end_day", 1, 31)?),
                )
            }
            "at_time" => {
                call.only(&["t"])?;
                Self::AtTime(call.time("t")?)
            }
            "between_times" => {
                call.only(&["start", "end"])?;
                Self::BetweenTimes(call.time("start")?, call.time("end")?)
            }
            "is_day_of_week" => {
                call.only(&["day_of_week"])?;
                Self::IsDayOfWeek(call.number("day_of_week", 0, 6)?.into())
            }
            "is_weekday" => call.only(&[]).map(|()| Self::IsWeekday)?,
            "is_weekend" => call.only(&[]).map(|()| Self::IsWeekend)?,
            "is_month_start" => call.only(&[]).map(|()| Self::IsMonthStart)?,
            "is_month_end" => call.only(&[]).map(|()| Self::IsMonthEnd)?,
            _ => return Err(call.unknown("a filter of prefect.schedules.filters")),
        })
    }

    pub(super) fn accepts(&self, moment: Moment) -> bool {
        let local = moment.local();
        let date = (local.month(), local.day());
        match self {
            Self::OnDatetime(at) => moment.instant == *at,
            Self::BetweenDatetimes(start, end) => (start..=end).contains(&&moment.instant),
            Self::OnDate(day) => date == *day,
            Self::BetweenDates(start, end) if start.0 <= end.0 => date >= *start && date <= *end,
            Self::BetweenDates(start, end) => date >= *start || date <= *end,
            Self::AtTime(time) => local.time() == *time,
            Self::BetweenTimes(start, end) if start <= end => local.time() >= *start && local.time() <= *end,
            Self::BetweenTimes(start, end) => local.time() >= *start || local.time() <= *end,
            Self::IsWeekday => is_weekday(local),
            Self::IsWeekend => !is_weekday(local),
            Self::IsMonthStart => local.day() == 1,
            Self::IsMonthEnd => {
                local.checked_add_signed(TimeDelta::days(1)).is_none_or(|next| next.month() != local.month())
            }
            Self::IsDayOfWeek(day) => i64::from(local.weekday().num_days_from_monday()) == *day,
        }
    }
}

/// Monday to Friday.
pub(super) fn is_weekday(local: NaiveDateTime) -> bool {
    local.weekday().num_days_from_monday() < 5
}

//! A cron expression and its search over wall clocks. Knows no zones.

use super::field::{Field, Kind, Nth};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

/// An expression without a match in so many years has none (croniter's limit).
const MAX_YEARS_BETWEEN_MATCHES: i32 = 50;

/// Longest expression, in bytes.
const MAX_BYTES: usize = 1_000;

/// Five fields, or six with the second last, or seven with the year last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
    second: Option<Field>,
    year: Option<Field>,
    /// Whether either day field is enough when both are given (`day_or`).
    either_day: bool,
}

impl Expression {
    /// Reads an expression; `None` when croniter would refuse it, or when it can never match.
    pub(super) fn parse(text: &str, either_day: bool) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let lower = text.to_lowercase();
        let unaliased = match lower.as_str() {
            "@midnight" | "@daily" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let texts: Vec<&str> =
            unaliased.split([' ', '\t', '\n', '\r', '\x0b', '\x0c']).filter(|t| !t.is_empty()).collect();
        if !(5..=7).contains(&texts.len()) {
            return None;
        }
        let mut fields = Vec::with_capacity(texts.len());
        for (kind, text) in Kind::ALL.into_iter().zip(&texts) {
            let other_day = if kind == Kind::Day { texts[4] } else { texts[2] };
            fields.push(Field::parse(kind, text, other_day)?);
        }
        let mut fields = fields.into_iter();
        let expression = Self {
            minute: fields.next()?,
            hour: fields.next()?,
            day: fields.next()?,
            month: fields.next()?,
            weekday: fields.next()?,
            second: fields.next(),
            year: fields.next(),
            either_day,
        };
        let beginning = NaiveDate::from_ymd_opt(1970, 1, 1)?.and_time(NaiveTime::MIN);
        expression.next_from(beginning).is_some().then_some(expression)
    }

    /// Whether every hour matches: such an expression leaves out wall clocks that a zone skips.
    pub(super) fn every_hour(&self) -> bool {
        self.hour.any
    }

    /// The first match after the minute (with a second field: the second) of `local`.
    pub(super) fn next_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let whole = local.with_nanosecond(0)?;
        let from = match self.second {
            Some(_) => whole.checked_add_signed(TimeDelta::seconds(1)),
            None => whole.with_second(0)?.checked_add_signed(TimeDelta::minutes(1)),
        };
        self.next_from(from?)
    }

    /// The first match at or after `from`, which is a whole minute (with a second field: a whole second).
    fn next_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let last_year = match &self.year {
            Some(year) if !year.any => i32::from(*year.values.last()?),
            _ => from.year() + MAX_YEARS_BETWEEN_MATCHES,
        };
        let (mut date, mut earliest) = (from.date(), from.time());
        while date.year() <= last_year {
            if !self.year.as_ref().is_none_or(|year| matches(year, date.year().unsigned_abs())) {
                date = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?;
            } else if !matches(&self.month, date.month()) {
                date = date.with_day(1)?.checked_add_months(chrono::Months::new(1))?;
            } else {
                if self.day_matches(date)
                    && let Some(time) = self.time_from(earliest)
                {
                    return Some(date.and_time(time));
                }
                date = date.checked_add_days(Days::new(1))?;
            }
            earliest = NaiveTime::MIN;
        }
        None
    }

    /// croniter's combination of the two day fields. `#`, `L5` and `W` stay conditions on both sides of the "or",
    /// so that together with one of them the other field has no effect or a narrowing one.
    fn day_matches(&self, date: NaiveDate) -> bool {
        let of_month = match self.day.nearest_to {
            Some(day) => nearest_weekday(date, day) == date.day(),
            None => {
                matches(&self.day, date.day())
                    || self.day.last_day && date.day() == u32::from(date.num_days_in_month())
            }
        };
        let of_week = if self.weekday.nth.is_empty() {
            matches(&self.weekday, date.weekday().num_days_from_sunday())
        } else {
            self.nth_matches(date)
        };
        if self.day.any || self.weekday.any || !self.either_day {
            return of_month && of_week;
        }
        let with_week_blank = of_month && (self.weekday.nth.is_empty() || of_week);
        let with_month_blank = of_week && (self.day.nearest_to.is_none() || of_month);
        with_week_blank || with_month_blank
    }

    fn nth_matches(&self, date: NaiveDate) -> bool {
        let weekday = u16::try_from(date.weekday().num_days_from_sunday()).unwrap_or_default();
        self.weekday.nth.get(&weekday).is_some_and(|wanted| {
            wanted.iter().any(|nth| match nth {
                Nth::Number(number) => date.day().div_ceil(7) == *number,
                Nth::Last => date.day() + 7 > u32::from(date.num_days_in_month()),
            })
        })
    }

    fn time_from(&self, earliest: NaiveTime) -> Option<NaiveTime> {
        (earliest.hour()..24).filter(|hour| matches(&self.hour, *hour)).find_map(|hour| {
            let first_minute = if hour == earliest.hour() { earliest.minute() } else { 0 };
            (first_minute..60).filter(|minute| matches(&self.minute, *minute)).find_map(|minute| {
                let Some(second) = &self.second else { return NaiveTime::from_hms_opt(hour, minute, 0) };
                let same = (hour, minute) == (earliest.hour(), earliest.minute());
                let first_second = if same { earliest.second() } else { 0 };
                let second = (first_second..60).find(|value| matches(second, *value))?;
                NaiveTime::from_hms_opt(hour, minute, second)
            })
        })
    }
}

fn matches(field: &Field, value: u32) -> bool {
    u16::try_from(value).is_ok_and(|value| field.matches(value))
}

/// The working day of the month nearest to `day`, never leaving the month.
fn nearest_weekday(month: NaiveDate, day: u32) -> u32 {
    let last = u32::from(month.num_days_in_month());
    let day = day.min(last);
    match month.with_day(day).map(|date| date.weekday()) {
        Some(chrono::Weekday::Sat) if day > 1 => day - 1,
        Some(chrono::Weekday::Sat) => day + 2,
        Some(chrono::Weekday::Sun) if day < last => day + 1,
        Some(chrono::Weekday::Sun) => day - 2,
        _ => day,
    }
}

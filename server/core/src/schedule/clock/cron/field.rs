//! One field of a cron expression, in the grammar of croniter (what the client checks expressions with).
//!
//! It differs from other crons: `L5` is the last Friday, a range written equal (`MON-MON`) is the whole cycle, ranges
//! may wrap (`FRI-MON`, `NOV-FEB/2`), `59/15` is minute 59 alone, and `?` is `*` in the two day fields.

use std::collections::{BTreeMap, BTreeSet};

/// Which field; the order is croniter's, with the second and the year last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Second,
    Year,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Weekday, Self::Second, Self::Year];

    fn range(self) -> (u16, u16) {
        match self {
            Self::Minute | Self::Second => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 6),
            Self::Year => (1970, 2099),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => {
                &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            }
            Self::Weekday => &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
            _ => &[],
        }
    }

    /// A number or a name of this field; Sunday may be 7.
    fn number(self, text: &str) -> Option<u16> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = text.parse().ok()?;
            return Some(if self == Self::Weekday && number == 7 { 0 } else { number });
        }
        let position = self.names().iter().position(|name| *name == text)?;
        u16::try_from(position).ok()?.checked_add(self.range().0.min(1))
    }
}

/// Which occurrences of a weekday in its month count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nth {
    Number(u32),
    Last,
}

/// The values that match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Everything matches.
    pub(super) any: bool,
    pub(super) values: BTreeSet<u16>,
    /// `L` in the day field: the last day of the month.
    pub(super) last_day: bool,
    /// `15W` in the day field: the working day nearest to the 15th.
    pub(super) nearest_to: Option<u32>,
    /// `5#2` and `L5` in the weekday field.
    pub(super) nth: BTreeMap<u16, BTreeSet<Nth>>,
}

impl Field {
    pub(super) fn matches(&self, value: u16) -> bool {
        self.any || self.values.contains(&value)
    }

    /// Reads a lower-case field; `other_day` is the text of the other day field, which decides whether a list of all
    /// days is the same as `*`.
    pub(super) fn parse(kind: Kind, text: &str, other_day: &str) -> Option<Self> {
        let mut field = Self::default();
        let text = match text {
            "?" if matches!(kind, Kind::Day | Kind::Weekday) => "*",
            _ => text,
        };
        for token in text.split(',') {
            let (token, nth) = if kind == Kind::Weekday { split_nth(token)? } else { (token, None) };
            if let Some(day) = nearest_weekday(kind, token) {
                if text.contains(',') || !(1..=31).contains(&day) {
                    return None;
                }
                field.nearest_to = Some(day);
                field.values.insert(u16::try_from(day).ok()?);
            } else if token == "*" {
                field.any = true;
            } else if kind == Kind::Day && token == "l" {
                field.last_day = true;
            } else {
                for value in expand(kind, token)? {
                    field.values.insert(value);
                    if let Some(nth) = nth {
                        field.nth.entry(value).or_default().insert(nth);
                    }
                }
            }
        }
        let (low, high) = kind.range();
        let whole = field.values.len() + usize::from(field.last_day) == usize::from(high - low) + 1;
        let day_field = matches!(kind, Kind::Day | Kind::Weekday);
        field.any |= whole && (!day_field || other_day.contains('*'));
        let literal = field.values.iter().any(|value| !field.nth.contains_key(value));
        let mixed = !field.nth.is_empty() && literal && !whole;
        (!mixed).then_some(field)
    }
}

/// Splits `fri#2` and `l5` into the weekday and which of them.
fn split_nth(token: &str) -> Option<(&str, Option<Nth>)> {
    if let Some((weekday, number)) = token.split_once('#') {
        let number: u32 = number.parse().ok().filter(|number| (1..=5).contains(number))?;
        // A range may be written before `#` only with names, as croniter has it.
        let digits_in_range = weekday.contains('-') && weekday.bytes().any(|byte| byte.is_ascii_digit());
        return (!weekday.contains(['*', '/']) && !digits_in_range)
            .then_some((weekday, Some(Nth::Number(number))));
    }
    match token.strip_prefix('l') {
        Some(weekday) if !weekday.is_empty() && weekday.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((weekday, Some(Nth::Last)))
        }
        _ => Some((token, None)),
    }
}

fn nearest_weekday(kind: Kind, token: &str) -> Option<u32> {
    let day = token.strip_prefix('w').or_else(|| token.strip_suffix('w'))?;
    (kind == Kind::Day && !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| day.parse().unwrap_or(u32::MAX))
}

/// The values of a number, a name, a range, or a range with a step.
fn expand(kind: Kind, token: &str) -> Option<Vec<u16>> {
    let (lowest, highest) = kind.range();
    let (bounds, step) = match token.split_once('/') {
        Some((bounds, step)) => (bounds, Some(step)),
        None => (token, None),
    };
    let every = match step {
        None => 1,
        // Beyond any range a step is the same as "only the first".
        Some(step) if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) => {
            usize::from(step.parse::<u16>().unwrap_or(u16::MAX))
        }
        Some(_) => return None,
    };
    if every == 0 {
        return None;
    }
    let (mut low, mut high, from_start) = match (bounds.split_once('-'), step) {
        (Some((low, high)), _) => {
            let high = if kind == Kind::Day && high == "l" { highest } else { kind.number(high)? };
            (kind.number(low)?, high, false)
        }
        (None, Some(_)) if bounds == "*" => (lowest, highest, false),
        (None, Some(_)) => (kind.number(bounds)?, highest, true),
        (None, None) => {
            let value = kind.number(bounds)?;
            (value, value, true)
        }
    };
    if low.max(high) > highest || low.min(high) < lowest {
        return None;
    }
    if low == high && !from_start {
        (low, high) = (lowest, highest);
    }
    if low <= high {
        return Some((low..=high).step_by(every).collect());
    }
    // A wrapping range goes on counting its step across the wrap, by croniter's rule for how many to leave out.
    let mut values: Vec<u16> = (low..=highest).step_by(every).collect();
    let last = values.last().copied().unwrap_or(low);
    let after_last = usize::from(highest - last);
    let cycle = usize::from(highest - lowest) + 1;
    let leave_out =
        if usize::from(last - lowest) + every > cycle && after_last < every { every - after_last } else { 0 };
    values.extend((lowest..=high).skip(leave_out).step_by(every));
    Some(values)
}

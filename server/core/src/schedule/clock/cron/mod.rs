//! Wall-clock times by a cron expression, in the zone of the start date (UTC without one).
//!
//! The search is our own and not the `croner` crate's: what must be met is croniter's grammar and day rule (`field`,
//! `expression`), which croner's parser cannot be told, and then little of it would be left in use.
//!
//! Around daylight-saving changes: a wall clock that a zone repeats fires once, the first time; one that it skips
//! fires at the end of the gap, unless the hour field is `*`, when it is left out. Where the client's guard against
//! repeating loses an event or stops early in the hours after a change, this clock goes on, and it never answers a
//! moment before the one asked about.

mod expression;
mod field;

use crate::schedule::ScheduleError;
use crate::schedule::moment::{Moment, Zone};
use crate::schedule::read::At;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use expression::Expression;

/// The client stops a cron clock after so many events.
const MAX_EVENTS: usize = 1_000;

/// A cron expression in a zone.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) struct Cron {
    expression: Expression,
    start: Option<Moment>,
    end: Option<Moment>,
}

impl Cron {
    pub(in crate::schedule) fn parse(at: &At<'_>) -> Result<Self, ScheduleError> {
        let (cron, day_or) = (at.member("cron"), at.member("day_or"));
        let either_day = match day_or.value {
            serde_json::Value::Null => true,
            value => value.as_bool().ok_or_else(|| day_or.refuse("true, false or null"))?,
        };
        let expression = Expression::parse(cron.text()?, either_day).ok_or_else(|| {
            cron.refuse("a cron expression that matches some day: minute, hour, day, month, weekday, then optionally second and year")
        })?;
        let moment = |name: &str| at.member(name).optional().map(|at| at.moment()).transpose();
        Ok(Self { expression, start: moment("start_date")?, end: moment("end_date")? })
    }

    pub(in crate::schedule) fn events(&self, after: DateTime<Utc>) -> impl Iterator<Item = Moment> + '_ {
        let zone = self.start.map_or(Zone::UTC, |start| start.zone);
        // The start date itself counts.
        let start = self.start.and_then(|start| start.instant.checked_sub_signed(TimeDelta::seconds(1)));
        let mut from = start.map_or(after, |start| start.max(after));
        // The client rounds fractions of a second up.
        if from.nanosecond() > 0 {
            from = from.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(from);
        }
        let mut latest = start.map_or(after, |start| start.max(after));
        let mut local = zone.local(from);
        std::iter::from_fn(move || {
            loop {
                local = self.expression.next_after(local)?;
                let (instant, exists) = zone.resolve_early(local)?;
                if instant > latest && (exists || !self.expression.every_hour()) {
                    latest = instant;
                    return Some(Moment { instant, zone });
                }
            }
        })
        .take(MAX_EVENTS)
        .take_while(|moment| self.end.is_none_or(|end| moment.instant <= end.instant))
    }
}

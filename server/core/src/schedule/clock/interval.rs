//! Every so many microseconds from a first moment.
//!
//! The client's arithmetic, kept as it is: while the distance from the start is under a day it is elapsed time; from
//! one day on, the whole distance is added to the wall clock of the start's zone (so a daily clock keeps its hour, and
//! a sub-daily clock repeats or leaves out events in the hour a zone skips or repeats).

use crate::schedule::ScheduleError;
use crate::schedule::moment::{Moment, Zone};
use crate::schedule::read::At;
use chrono::{DateTime, TimeDelta, Utc};

/// The client refuses shorter intervals.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);

/// The client's start date where none is given: 2019-01-01 00:00 UTC.
const DEFAULT_START: DateTime<Utc> =
    DateTime::from_timestamp(1_546_300_800, 0).expect("a moment of the year 2019");

/// A fixed distance between events.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) struct Interval {
    start: Moment,
    end: Option<Moment>,
    /// In microseconds, at least a minute.
    every: i64,
}

impl Interval {
    pub(in crate::schedule) fn parse(at: &At<'_>) -> Result<Self, ScheduleError> {
        let interval = at.member("interval");
        let every = interval.whole()?;
        if every < SHORTEST.num_microseconds().unwrap_or(i64::MAX) {
            return Err(interval.refuse("at least 60000000 microseconds (one minute)"));
        }
        let moment = |name: &str| at.member(name).optional().map(|at| at.moment()).transpose();
        let start = moment("start_date")?.unwrap_or(Moment { instant: DEFAULT_START, zone: Zone::UTC });
        Ok(Self { start, end: moment("end_date")?, every })
    }

    pub(in crate::schedule) fn events(&self, after: DateTime<Utc>) -> impl Iterator<Item = Moment> + use<> {
        let Self { start, end, every } = self.clone();
        let since = after.signed_duration_since(start.instant).num_microseconds().unwrap_or(i64::MAX);
        let first = if since < 0 { 0 } else { since / every + 1 };
        (first..)
            .map_while(move |count| {
                let distance = TimeDelta::microseconds(every.checked_mul(count)?);
                let instant = if distance < TimeDelta::days(1) {
                    start.instant.checked_add_signed(distance)?
                } else {
                    start.zone.resolve_late(start.local().checked_add_signed(distance)?)?
                };
                Some(Moment { instant, zone: start.zone })
            })
            .filter(move |moment| moment.instant > after)
            .take_while(move |moment| end.is_none_or(|end| moment.instant <= end.instant))
    }
}

//! The moments somebody wrote down.

use crate::schedule::ScheduleError;
use crate::schedule::moment::Moment;
use crate::schedule::read::At;
use chrono::{DateTime, Utc};

/// Longest list of dates.
const MAX_DATES: usize = 10_000;

/// A list of moments, in order.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) struct Dates(Vec<Moment>);

impl Dates {
    pub(in crate::schedule) fn parse(at: &At<'_>) -> Result<Self, ScheduleError> {
        let list = at.member("dates");
        let mut dates =
            list.items(MAX_DATES)?.iter().map(At::moment).collect::<Result<Vec<_>, ScheduleError>>()?;
        if dates.is_empty() {
            return Err(list.refuse("a list of at least one date"));
        }
        dates.sort_by_key(|moment| moment.instant);
        Ok(Self(dates))
    }

    pub(in crate::schedule) fn events(&self, after: DateTime<Utc>) -> impl Iterator<Item = Moment> + '_ {
        let first = self.0.partition_point(|moment| moment.instant <= after);
        self.0[first..].iter().copied()
    }
}

//! Schedules as Prefect 1 serializes them: when a flow runs next, by the rules of the client's library (reference
//! §2.3 and §6), and which runs the scheduler has to create. Creating them belongs to the services.
//!
//! The library's answers are kept in `tests/schedules/cases.json` and compared. Documented differences: no event is
//! ever at or before the moment asked about (the library's can be, in the hour after a zone turned its clocks back or
//! on an interval clock near a change); `clock::cron` says what differs in that hour for cron clocks, and
//! `clock::recurrence` which recurrence rules are refused; the compiled zone tables know daylight saving until 2099.

mod adjustment;
pub mod admit;
mod clock;
mod error;
mod filter;
mod function;
mod group;
mod moment;
mod plan;
pub mod policy;
mod read;

pub use error::ScheduleError;
pub use plan::{Existing, Plan, RUNS_AHEAD, RunToCreate, idempotency_key, plan};
pub use policy::{Overlap, Policy};

use adjustment::Adjustment;
use chrono::{DateTime, Utc};
use clock::Clock;
use filter::Filter;
use moment::Moment;
use read::At;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most candidates that are looked at for one answer, as in the library.
const MAX_CANDIDATES: usize = 10_000;

/// Most clocks, and most filters or adjustments of one kind.
const MAX_PARTS: usize = 100;

/// A schedule that has been read and checked.
#[derive(Debug, Clone)]
pub struct Schedule {
    clocks: Vec<Clock>,
    filters: Vec<Filter>,
    or_filters: Vec<Filter>,
    not_filters: Vec<Filter>,
    adjustments: Vec<Adjustment>,
}

/// One time at which a flow runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub start: DateTime<Utc>,
    /// Parameters that the clock gives its runs.
    pub parameter_defaults: Map<String, Value>,
    /// Labels that the clock gives its runs; `None` leaves the flow's.
    pub labels: Option<Vec<String>>,
}

impl Schedule {
    /// Reads the serialized form: `{clocks, filters, or_filters, not_filters, adjustments}`.
    pub fn parse(document: &Value) -> Result<Self, ScheduleError> {
        let root = At::root(document);
        root.object()?;
        let clocks = root.member("clocks");
        if !clocks.value.is_array() {
            return Err(clocks.refuse("a list of clocks"));
        }
        let filters = |name: &str| function::read_calls(&root.member(name), MAX_PARTS, Filter::parse);
        Ok(Self {
            clocks: clocks.items(MAX_PARTS)?.iter().map(Clock::parse).collect::<Result<_, _>>()?,
            filters: filters("filters")?,
            or_filters: filters("or_filters")?,
            not_filters: filters("not_filters")?,
            adjustments: function::read_calls(&root.member("adjustments"), MAX_PARTS, Adjustment::parse)?,
        })
    }

    /// Turns the input of `set_flow_group_schedule` (`cron_clocks`, `interval_clocks` with seconds, `timezone`) into
    /// the serialized form, checked. With a time zone, the clocks start at `now` in it.
    pub fn from_group_input(input: &Value, now: DateTime<Utc>) -> Result<Value, ScheduleError> {
        let document = group::document(input, now)?;
        Self::parse(&document)?;
        Ok(document)
    }

    /// At most `n` events after `after`: those of all clocks merged in order of time, equal ones once, filtered, then
    /// adjusted. Fewer when the schedule ends, or when 10,000 candidates (1,000 of one cron clock) were not enough.
    pub fn next(&self, after: DateTime<Utc>, n: usize) -> Vec<Event> {
        let mut clocks: Vec<_> =
            self.clocks.iter().map(|clock| (clock, clock.events(after).peekable())).collect();
        let mut previous: Option<(DateTime<Utc>, &Clock)> = None;
        let (mut found, mut candidates) = (Vec::new(), 0);
        while found.len() < n && candidates < MAX_CANDIDATES {
            let first = clocks
                .iter_mut()
                .enumerate()
                .filter_map(|(index, (_, events))| events.peek().map(|moment| (moment.instant, index)))
                .min();
            let Some((instant, index)) = first else { break };
            let clock = clocks[index].0;
            let Some(moment) = clocks[index].1.next() else { break };
            let repeated = previous.is_some_and(|(before, other)| {
                before == instant
                    && other.parameter_defaults == clock.parameter_defaults
                    && other.labels == clock.labels
            });
            previous = Some((instant, clock));
            if repeated {
                continue;
            }
            candidates += 1;
            if let Some(moment) = self.passes(moment).then(|| self.adjusted(moment)).flatten() {
                found.push(Event {
                    start: moment.instant,
                    parameter_defaults: clock.parameter_defaults.clone(),
                    labels: clock.labels.clone(),
                });
            }
        }
        found
    }

    /// Whether nothing comes after `after` any more.
    pub fn is_exhausted(&self, after: DateTime<Utc>) -> bool {
        self.next(after, 1).is_empty()
    }

    /// The required parameters that some clock leaves without a value, given the flow group's defaults. A schedule may
    /// be activated only when there are none, since nobody is asked for them later.
    pub fn uncovered_parameters<'a>(
        &self,
        required: impl IntoIterator<Item = &'a str>,
        group_defaults: &Map<String, Value>,
    ) -> BTreeSet<&'a str> {
        required
            .into_iter()
            .filter(|name| !group_defaults.contains_key(*name))
            .filter(|name| self.clocks.iter().any(|clock| !clock.parameter_defaults.contains_key(*name)))
            .collect()
    }

    fn passes(&self, moment: Moment) -> bool {
        self.filters.iter().all(|filter| filter.accepts(moment))
            && (self.or_filters.is_empty() || self.or_filters.iter().any(|filter| filter.accepts(moment)))
            && !self.not_filters.iter().any(|filter| filter.accepts(moment))
    }

    fn adjusted(&self, moment: Moment) -> Option<Moment> {
        self.adjustments.iter().try_fold(moment, |moment, adjustment| adjustment.apply(moment))
    }
}

#[cfg(test)]
mod tests;

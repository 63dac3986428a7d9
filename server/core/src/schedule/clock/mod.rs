//! The four clocks of a schedule: each emits moments after an instant, with what runs of it carry. Filters,
//! adjustments and merging are the schedule's.

mod cron;
mod dates;
mod interval;
mod recurrence;

use super::ScheduleError;
use super::function::read_parameters;
use super::moment::Moment;
use super::read::At;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Most labels of one clock.
const MAX_LABELS: usize = 1_000;

/// A source of events.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    rule: Rule,
    pub(super) parameter_defaults: Map<String, Value>,
    pub(super) labels: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
enum Rule {
    Interval(interval::Interval),
    Cron(Box<cron::Cron>),
    Dates(dates::Dates),
    Recurrence(Box<recurrence::Recurrence>),
}

impl Clock {
    pub(super) fn parse(at: &At<'_>) -> Result<Self, ScheduleError> {
        at.object()?;
        let kind = at.member("type");
        let rule = match kind.text()? {
            "IntervalClock" => Rule::Interval(interval::Interval::parse(at)?),
            "CronClock" => Rule::Cron(Box::new(cron::Cron::parse(at)?)),
            "DatesClock" => Rule::Dates(dates::Dates::parse(at)?),
            "RRuleClock" => Rule::Recurrence(Box::new(recurrence::Recurrence::parse(at)?)),
            _ => return Err(kind.refuse("IntervalClock, CronClock, DatesClock or RRuleClock")),
        };
        let labels = match at.member("labels").optional() {
            None => None,
            Some(list) => {
                let labels = list.items(MAX_LABELS)?;
                Some(labels.iter().map(|label| label.text().map(str::to_owned)).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { rule, parameter_defaults: read_parameters(&at.member("parameter_defaults"))?, labels })
    }

    /// The moments after an instant, in the clock's order.
    pub(super) fn events(&self, after: DateTime<Utc>) -> Box<dyn Iterator<Item = Moment> + '_> {
        match &self.rule {
            Rule::Interval(clock) => Box::new(clock.events(after)),
            Rule::Cron(clock) => Box::new(clock.events(after)),
            Rule::Dates(clock) => Box::new(clock.events(after)),
            Rule::Recurrence(clock) => Box::new(clock.events(after)),
        }
    }
}

//! Which runs the scheduler has to create so that the next ones of a flow are there ahead of time (reference §6), and
//! what becomes of times that passed while nobody planned.

use super::{Event, Policy, Schedule};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// How many events ahead runs exist.
pub const RUNS_AHEAD: usize = 10;

/// Most slots of the past that are planned late, or counted.
pub const MOST_PAST: usize = 1_000;

/// What exists already of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Existing {
    /// The latest slot among the runs that the scheduler created and that still wait.
    pub latest_auto_scheduled: Option<DateTime<Utc>>,
    /// The slot up to which the schedule was planned, since it was set or switched on.
    pub planned_until: Option<DateTime<Utc>>,
}

/// A run to create, with `auto_scheduled` set.
#[derive(Debug, Clone, PartialEq)]
pub struct RunToCreate {
    /// The time that the schedule names.
    pub slot: DateTime<Utc>,
    /// Parameters given by the clock.
    pub parameters: Map<String, Value>,
    /// Labels given by the clock; `None` leaves the flow's.
    pub labels: Option<Vec<String>>,
    /// Makes creating the same run twice harmless.
    pub idempotency_key: String,
}

/// What has to be done for a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The runs to create.
    pub runs: Vec<RunToCreate>,
    /// The slot up to which everything is planned then.
    pub planned_until: Option<DateTime<Utc>>,
    /// The next slot after now.
    pub next: Option<DateTime<Utc>>,
    /// How many slots have passed that nobody planned and that get no run any more; at most [`MOST_PAST`].
    pub missed: usize,
}

/// The runs to create at `now` so that the next [`RUNS_AHEAD`] slots have one. Slots up to the latest auto-scheduled
/// run have theirs already, unless their clock gives parameters or labels: then only the idempotency key can tell,
/// since another clock may have gone ahead.
///
/// Slots that passed since the schedule was planned last (the server was down for longer than it had planned ahead)
/// are made up for as far as the catch-up window reaches, and counted as missed otherwise.
pub fn plan(schedule: &Schedule, policy: &Policy, existing: Existing, now: DateTime<Utc>) -> Plan {
    let ahead = schedule.next(now, RUNS_AHEAD);
    let next = ahead.first().map(|event| event.start);
    let last = ahead.last().map(|event| event.start);
    let mut events: Vec<Event> = ahead
        .into_iter()
        .filter(|event| {
            is_special(event) || existing.latest_auto_scheduled.is_none_or(|latest| event.start > latest)
        })
        .collect();
    let mut missed = 0;
    let mut planned_until = existing.planned_until.max(last);
    if let Some(until) = existing.planned_until.filter(|until| *until < now) {
        let reach = policy.catch_up.map_or(now, |window| now - window).max(until);
        let past = |after: DateTime<Utc>, to: DateTime<Utc>| {
            let events = schedule.next(after, MOST_PAST).into_iter();
            events.take_while(move |event| event.start <= to)
        };
        missed = past(until, reach).count();
        let late: Vec<Event> = if reach < now { past(reach, now).collect() } else { Vec::new() };
        events.splice(0..0, late);
        // Counted and made up for once, also when nothing comes after.
        planned_until = planned_until.max(Some(now));
    }
    let runs = events.into_iter().map(|event| RunToCreate {
        idempotency_key: idempotency_key(&event),
        slot: event.start,
        parameters: event.parameter_defaults,
        labels: event.labels,
    });
    Plan { runs: runs.collect(), planned_until, next, missed }
}

/// `auto-scheduled:<UTC time>`, and a fingerprint of parameters and labels when the event has any.
pub fn idempotency_key(event: &Event) -> String {
    let time = event.start.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    if !is_special(event) {
        return format!("auto-scheduled:{time}");
    }
    let mut parameters: Vec<_> = event.parameter_defaults.iter().collect();
    parameters.sort_by_key(|(name, _)| *name);
    let carried = serde_json::json!([parameters, event.labels]).to_string();
    format!("auto-scheduled:{time}:{}", &blake3::hash(carried.as_bytes()).to_hex()[..32])
}

fn is_special(event: &Event) -> bool {
    !event.parameter_defaults.is_empty() || event.labels.is_some()
}

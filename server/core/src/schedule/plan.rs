//! Which runs the scheduler has to create so that the next ones of a flow are there ahead of time (reference §6).

use super::{Event, Schedule};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// How many events ahead runs exist.
pub const RUNS_AHEAD: usize = 10;

/// What exists already of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Existing {
    /// The latest scheduled start time among the runs that the scheduler created.
    pub latest_auto_scheduled: Option<DateTime<Utc>>,
}

/// A run to create, with `auto_scheduled` set.
#[derive(Debug, Clone, PartialEq)]
pub struct RunToCreate {
    /// When it is to start.
    pub scheduled_start_time: DateTime<Utc>,
    /// Parameters given by the clock.
    pub parameters: Map<String, Value>,
    /// Labels given by the clock; `None` leaves the flow's.
    pub labels: Option<Vec<String>>,
    /// Makes creating the same run twice harmless.
    pub idempotency_key: String,
}

/// The runs to create at `now` so that the next `ahead` events have one. Events up to the latest auto-scheduled run
/// have theirs already, unless their clock gives parameters or labels: then only the idempotency key can tell, since
/// another clock may have gone ahead.
pub fn plan_runs(
    schedule: &Schedule,
    existing: Existing,
    now: DateTime<Utc>,
    ahead: usize,
) -> Vec<RunToCreate> {
    schedule
        .next(now, ahead)
        .into_iter()
        .filter(|event| {
            is_special(event) || existing.latest_auto_scheduled.is_none_or(|latest| event.start > latest)
        })
        .map(|event| RunToCreate {
            idempotency_key: idempotency_key(&event),
            scheduled_start_time: event.start,
            parameters: event.parameter_defaults,
            labels: event.labels,
        })
        .collect()
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

//! The short form of a schedule that `set_flow_group_schedule` takes, written out as the client serializes it.

use super::ScheduleError;
use super::function::read_parameters;
use super::moment::Zone;
use super::read::At;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Value, json};

/// Most clocks of either kind.
const MAX_CLOCKS: usize = 50;

/// The version of the client whose form this is.
const VERSION: &str = "1.4.1";

pub(super) fn document(input: &Value, now: DateTime<Utc>) -> Result<Value, ScheduleError> {
    let root = At { path: "input".to_owned(), value: input };
    root.object()?;
    let start = match root.member("timezone").optional() {
        None => Value::Null,
        Some(at) => {
            let name = at.text()?;
            let zone = Zone::parse(name).ok_or_else(|| at.refuse("a time zone of the IANA database"))?;
            let local = zone.local(now.trunc_subsecs(0));
            json!({ "dt": local.format("%Y-%m-%dT%H:%M:%S").to_string(), "tz": name })
        }
    };
    let mut clocks = Vec::new();
    for at in root.member("cron_clocks").items(MAX_CLOCKS)? {
        at.object()?;
        clocks.push(json!({
            "type": "CronClock", "start_date": start, "end_date": null, "cron": at.member("cron").text()?,
            "day_or": true, "parameter_defaults": read_parameters(&at.member("parameter_defaults"))?,
            "labels": null, "__version__": VERSION,
        }));
    }
    for at in root.member("interval_clocks").items(MAX_CLOCKS)? {
        at.object()?;
        let interval = at.member("interval");
        let micros = interval
            .whole()?
            .checked_mul(1_000_000)
            .filter(|micros| *micros >= 60_000_000)
            .ok_or_else(|| interval.refuse("a number of seconds, at least 60"))?;
        clocks.push(json!({
            "type": "IntervalClock", "start_date": start, "end_date": null, "interval": micros,
            "parameter_defaults": read_parameters(&at.member("parameter_defaults"))?,
            "labels": null, "__version__": VERSION,
        }));
    }
    if clocks.is_empty() {
        return Err(root.refuse("an object with at least one clock in cron_clocks or interval_clocks"));
    }
    Ok(json!({
        "clocks": clocks, "filters": [], "or_filters": [], "not_filters": [], "adjustments": [],
        "__version__": VERSION,
    }))
}

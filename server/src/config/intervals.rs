//! The settings of leases and of silence.

use super::layers::{Reader, number};
use chrono::TimeDelta;
use figment::value::Value;
use signalbox_core::lease::Intervals;

/// Reads them; what is not set is as usual.
pub(super) fn read(reader: &mut Reader<'_>) -> Intervals {
    let usual = Intervals::default();
    let mut take = |name: &str, usual: TimeDelta| reader.take(name, interval).unwrap_or(usual);
    let lease = take("lease_seconds", usual.lease);
    let lost_after = take("lost_after_seconds", usual.lost_after);
    let silent_after = take("silent_after_seconds", usual.silent_after);
    let unstarted_after = take("unstarted_after_seconds", usual.unstarted_after);
    let gone_after = take("gone_after_seconds", usual.gone_after);
    let reschedules = reader.take("lost_run_reschedules", |value| {
        number(value)?.try_into().map_err(|_| "the number is too large".to_owned())
    });
    Intervals {
        lease,
        lost_after,
        silent_after,
        unstarted_after,
        gone_after,
        // Fine enough for the shortest of them.
        look_every: usual.look_every.min((lost_after / 4).max(TimeDelta::milliseconds(250))),
        reschedules: reschedules.unwrap_or(usual.reschedules),
        ..usual
    }
}

fn interval(value: &Value) -> Result<TimeDelta, String> {
    const MOST: u64 = 7 * 24 * 60 * 60;
    match number(value)? {
        0 => Err("at least 1 second is wanted".to_owned()),
        seconds @ ..=MOST => {
            Ok(TimeDelta::seconds(i64::try_from(seconds).expect("a week of seconds fits any number")))
        }
        _ => Err(format!("at most {MOST} seconds are allowed")),
    }
}

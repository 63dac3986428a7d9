//! What the stock library answers around the next changes of the clocks in every zone that has some
//! (`schedules/zones.json`, written by `schedules/generate_zones.py`), compared with what we answer.

use chrono::{DateTime, Offset, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use signalbox_core::schedule::Schedule;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Answers {
    zones: usize,
    cases: Vec<Case>,
}

/// Zone, kind of clock, the clock, when it was asked, the seconds from then to each event, the change, and the zone's
/// offsets in minutes at [`AROUND`] hours from it.
#[derive(Deserialize)]
struct Case(String, String, Value, i64, Vec<i64>, i64, Vec<i32>);

const AROUND: [i64; 7] = [-20, -2, -1, 0, 1, 2, 20];

/// How an answer differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// The library's zone data has another change here than ours: governments decide, and the data is of other age.
    OtherRules,
    /// The rules are the same, and the library lost an event of a cron clock that the zone's local time has.
    LostEvent,
    /// The rules are the same, and the clock's time does not exist on that day. Everywhere else the library answers
    /// with the end of the gap, as we do; in these zones with an instant in the hour before it.
    MissingTime,
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("the generator writes times of this century")
}

fn difference(case: &Case) -> Result<Option<Difference>, String> {
    let Case(name, kind, clock, asked, expected, change, offsets) = case;
    let schedule = Schedule::parse(&json!({ "clocks": [clock] })).map_err(|refusal| refusal.to_string())?;
    let after = moment(*asked);
    let ours: Vec<_> = schedule.next(after, expected.len()).iter().map(|event| event.start).collect();
    let theirs: Vec<_> = expected.iter().map(|seconds| moment(asked + seconds)).collect();
    if ours == theirs {
        return Ok(None);
    }
    let zone: chrono_tz::Tz = name.parse().map_err(|_| format!("{name} is not known"))?;
    let minutes = |hours: &i64| {
        let at = moment(*change) + TimeDelta::hours(*hours);
        at.with_timezone(&zone).offset().fix().local_minus_utc() / 60
    };
    if AROUND.iter().map(minutes).ne(offsets.iter().copied()) {
        return Ok(Some(Difference::OtherRules));
    }
    let lost: Vec<_> = ours.iter().filter(|at| !theirs.contains(at)).collect();
    if !lost.is_empty() && theirs.iter().all(|at| ours.contains(at) || Some(at) > ours.last()) {
        return Ok(Some(Difference::LostEvent));
    }
    let moved = |(mine, other): (&DateTime<Utc>, &DateTime<Utc>)| {
        mine == other || (mine.timestamp() == *change && (0..3600).contains(&(*mine - *other).num_seconds()))
    };
    if ours.len() == theirs.len() && ours.iter().zip(&theirs).all(moved) {
        return Ok(Some(Difference::MissingTime));
    }
    Err(format!("{name} {kind} {clock} after {after}:\n  the library {theirs:?}\n  we {ours:?}"))
}

#[test]
fn every_zone_is_answered_as_the_library_does() {
    let answers: Answers =
        serde_json::from_str(include_str!("schedules/zones.json")).expect("the committed file is JSON");
    let mut differences: BTreeMap<Difference, BTreeSet<&str>> = BTreeMap::new();
    let (mut wrong, mut equal) = (Vec::new(), 0);
    for case in &answers.cases {
        match difference(case) {
            Ok(None) => equal += 1,
            Ok(Some(known)) => {
                differences.entry(known).or_default().insert(&case.0);
            }
            Err(problem) => wrong.push(problem),
        }
    }
    println!("{equal} of {} equal; {differences:?}", answers.cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), answers.cases.len(), wrong.join("\n"));
    assert!(answers.zones > 150);
    // May only shrink.
    let counted = |known: Difference| differences.get(&known).map_or(0, BTreeSet::len);
    assert!(counted(Difference::OtherRules) <= 12, "{differences:?}");
    assert!(counted(Difference::LostEvent) <= 2, "{differences:?}");
    assert!(counted(Difference::MissingTime) <= 14, "{differences:?}");
    assert!(equal >= 2240, "{equal}");
}

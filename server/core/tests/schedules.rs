//! What the stock library answers for hundreds of schedules around daylight-saving changes (`schedules/cases.json`,
//! written by `schedules/generate.py`), compared with what we answer.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use signalbox_core::schedule::{Event, Schedule};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Deserialize)]
struct Answers {
    cron_accepted: BTreeMap<String, bool>,
    cases: Vec<Case>,
}

/// What an event carries: parameters and labels.
type Carried = (Map<String, Value>, Option<Vec<String>>);

#[derive(Deserialize)]
struct Case {
    name: String,
    schedule: Value,
    after: DateTime<Utc>,
    n: usize,
    expected: Option<Vec<DateTime<Utc>>>,
    carried: Option<Vec<Carried>>,
    /// The library raised this instead of answering.
    error: Option<String>,
}

fn answers() -> Answers {
    serde_json::from_str(include_str!("schedules/cases.json")).expect("the committed file is JSON")
}

/// The documented differences (`signalbox_core::schedule`), and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// The library answered moments at or before the one asked about; the others are equal.
    NotAfter,
    /// A cron clock in the three hours after clocks went back: the library lost events there.
    LostAfterChange,
    /// The library raised where a schedule simply ends: a cron expression whose years are over.
    EndsByError,
}

fn difference(case: &Case, ours: &[DateTime<Utc>]) -> Result<Option<Difference>, String> {
    let Some(expected) = &case.expected else {
        return match case.error.as_deref() {
            Some("CroniterBadDateError") if ours.len() < case.n => Ok(Some(Difference::EndsByError)),
            other => Err(format!("the library raised {other:?}, we answered {ours:?}")),
        };
    };
    if expected == ours {
        return Ok(None);
    }
    let later: Vec<_> = expected.iter().copied().filter(|at| *at > case.after).collect();
    if later.len() < expected.len() && ours.starts_with(&later) {
        return Ok(Some(Difference::NotAfter));
    }
    let ours_too = later.iter().all(|at| ours.contains(at) || ours.last().is_some_and(|last| at > last));
    let extra: Vec<_> = ours.iter().filter(|at| !later.contains(at)).collect();
    let near_change =
        extra.iter().all(|at| later.last().is_some_and(|last| *at > last) || went_back_before(case, **at));
    if case.name.starts_with("cron") && ours_too && near_change && !extra.is_empty() {
        return Ok(Some(Difference::LostAfterChange));
    }
    Err(format!("the library {expected:?}\n         we {ours:?}"))
}

/// Whether the zone of the first clock turned its clocks back in the three hours before `at`.
fn went_back_before(case: &Case, at: DateTime<Utc>) -> bool {
    let zone = case.schedule.pointer("/clocks/0/start_date/tz").and_then(Value::as_str).unwrap_or("UTC");
    let zone: chrono_tz::Tz = zone.parse().expect("the generator writes IANA names");
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    local(at) - local(at - TimeDelta::hours(3)) < TimeDelta::hours(3)
}

#[test]
fn every_case_is_answered_as_the_library_does() {
    let cases = answers().cases;
    let mut differences = BTreeMap::new();
    let mut refused = 0;
    let mut wrong = Vec::new();
    for case in &cases {
        let about = || format!("{} after {}", case.name, case.after);
        let events: Vec<Event> = match Schedule::parse(&case.schedule) {
            Ok(schedule) => schedule.next(case.after, case.n),
            Err(refusal) if REFUSED_RULES.iter().any(|rule| refusal.to_string().contains(rule)) => {
                refused += 1;
                continue;
            }
            Err(refusal) => {
                wrong.push(format!("{}: {refusal}", about()));
                continue;
            }
        };
        let ours: Vec<_> = events.iter().map(|event| event.start).collect();
        match difference(case, &ours) {
            Ok(None) => {}
            Ok(Some(known)) => *differences.entry(known).or_insert(0) += 1,
            Err(problem) => wrong.push(format!("{}: {problem}", about())),
        }
        if let Some(carried) = &case.carried {
            let ours: Vec<_> =
                events.iter().map(|event| (event.parameter_defaults.clone(), event.labels.clone())).collect();
            if !same_per_instant(&events, carried) {
                wrong.push(format!("{}: the library's runs carry {carried:?}, ours {ours:?}", about()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    // May only shrink.
    let known = [(Difference::NotAfter, 10), (Difference::LostAfterChange, 3), (Difference::EndsByError, 7)];
    assert_eq!(differences, BTreeMap::from(known), "documented differences");
    assert_eq!(refused, 4, "recurrence rules that RFC 5545 forbids");
}

/// Rules that RFC 5545 forbids and the library computes nevertheless.
const REFUSED_RULES: [&str; 1] = ["BYMONTHDAY"];

/// Events of one instant have no order: a run is a run.
fn same_per_instant(events: &[Event], carried: &[Carried]) -> bool {
    let keyed = |index: usize, parameters: &Map<String, Value>, labels: &Option<Vec<String>>| {
        json!([events[index].start, parameters, labels]).to_string()
    };
    let mut ours: Vec<_> =
        events.iter().enumerate().map(|(i, e)| keyed(i, &e.parameter_defaults, &e.labels)).collect();
    let mut theirs: Vec<_> =
        carried.iter().take(events.len()).enumerate().map(|(i, (p, l))| keyed(i, p, l)).collect();
    ours.sort();
    theirs.sort();
    ours == theirs
}

#[test]
fn cron_expressions_are_accepted_as_the_library_does() {
    for (cron, accepted) in answers().cron_accepted {
        let document = json!({ "clocks": [{ "type": "CronClock", "cron": cron }] });
        assert_eq!(Schedule::parse(&document).is_ok(), accepted, "{cron:?}");
    }
}

/// Everything odd that a document can hold in place of what belongs there.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("é/*-,#l5"),
        json!("0001-01-01T00:00:00"),
        json!("9999-12-31T23:59:59.999999"),
        json!("9999-12-31T23:59:59-23:00"),
        json!("//timedelta:1e11"),
        json!("//timedelta:nan"),
        json!("Pacific/Apia"),
        json!("FREQ=SECONDLY;INTERVAL=65535;BYHOUR=5;BYMINUTE=7"),
        json!("DTSTART:99991231T235959\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        json!([]),
        json!({}),
        json!([null]),
    ]
}

fn each_mutation(document: &Value, check: &mut impl FnMut(&Value)) {
    fn paths(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, v)| paths(v, format!("{at}/{key}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| paths(v, format!("{at}/{i}"), found));
            }
            _ => {}
        }
        found.push(at);
    }
    let mut found = Vec::new();
    paths(document, String::new(), &mut found);
    for path in found {
        for odd in odd_values() {
            let mut mutated = document.clone();
            if let Some(place) = mutated.pointer_mut(&path) {
                *place = odd;
            }
            check(&mutated);
        }
    }
}

#[test]
fn no_document_makes_it_panic_or_take_long() {
    let cases = answers().cases;
    let mut kinds = BTreeMap::new();
    for case in &cases {
        let words: Vec<_> =
            case.name.split(' ').take(if case.name.starts_with("cron") { 1 } else { 2 }).collect();
        kinds.entry(words.join(" ")).or_insert(case);
    }
    let mut slowest = (Duration::ZERO, Value::Null);
    for case in kinds.values() {
        each_mutation(&case.schedule, &mut |document| {
            let begun = Instant::now();
            if let Ok(schedule) = Schedule::parse(document) {
                let adjusted = document["adjustments"].as_array().is_some_and(|list| !list.is_empty());
                for event in schedule.next(case.after, 10) {
                    assert!(event.start > case.after || adjusted, "{document}");
                }
            }
            if begun.elapsed() > slowest.0 {
                slowest = (begun.elapsed(), document.clone());
            }
        });
    }
    // Unoptimized, on a busy machine: what must not happen is minutes.
    assert!(slowest.0 < Duration::from_secs(3), "{slowest:?}");
    println!("slowest: {slowest:?}");
}

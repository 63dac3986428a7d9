//! Rules that the library's answers (`tests/schedules.rs`) do not show.

use super::*;
use chrono::TimeDelta;
use serde_json::json;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn hourly(parameters: &Value) -> Schedule {
    Schedule::parse(&json!({ "clocks": [
        { "type": "CronClock", "cron": "0 * * * *", "parameter_defaults": parameters }
    ] }))
    .unwrap()
}

fn refusal(document: &Value) -> String {
    Schedule::parse(document).unwrap_err().to_string()
}

#[test]
fn refusals_name_the_place_the_value_and_what_would_be_right() {
    assert_eq!(refusal(&json!([])), "schedule must be an object, not []");
    assert_eq!(refusal(&json!({})), "schedule.clocks must be a list of clocks, not null");
    let clock = |clock: Value| refusal(&json!({ "clocks": [clock] }));
    assert_eq!(
        clock(json!({ "type": "MoonClock" })),
        "schedule.clocks[0].type must be IntervalClock, CronClock, DatesClock or RRuleClock, not \"MoonClock\""
    );
    assert_eq!(
        clock(json!({ "type": "IntervalClock", "interval": 59_999_999 })),
        "schedule.clocks[0].interval must be at least 60000000 microseconds (one minute), not 59999999"
    );
    assert_eq!(
        clock(
            json!({ "type": "DatesClock", "dates": [{ "dt": "2026-01-01T00:00:00", "tz": "Mars/Olympus" }] })
        ),
        "schedule.clocks[0].dates[0].tz must be a time zone of the IANA database or an offset such as +02:00, \
         not \"Mars/Olympus\""
    );
    let filter = |name: &str, kwargs: Value| {
        refusal(&json!({ "clocks": [], "filters": [{ "fn": name, "kwargs": kwargs }] }))
    };
    assert_eq!(
        filter("my.module.is_holiday", json!({})),
        "schedule.filters[0].fn must be a filter of prefect.schedules.filters, not \"my.module.is_holiday\""
    );
    assert_eq!(
        filter("prefect.schedules.filters.at_time", json!({ "t": "09:00" })),
        "schedule.filters[0].kwargs.t must be a text of the form //time:…, not \"09:00\""
    );
    assert_eq!(
        filter("prefect.schedules.filters.is_weekday", json!({ "dt": 1 })),
        "schedule.filters[0].kwargs.dt must be left out: the function does not take it, not 1"
    );
}

#[test]
fn a_cron_expression_that_never_matches_is_refused_at_once() {
    for cron in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 29 2 * 0 2021"] {
        let message = refusal(&json!({ "clocks": [{ "type": "CronClock", "cron": cron }] }));
        assert!(
            message.starts_with("schedule.clocks[0].cron must be a cron expression that matches"),
            "{message}"
        );
    }
}

#[test]
fn offsets_are_zones_too() {
    let schedule = Schedule::parse(&json!({ "clocks": [{ "type": "CronClock", "cron": "0 9 * * *",
        "start_date": { "dt": "2026-01-01T00:00:00", "tz": "+05:30" } }] }))
    .unwrap();
    assert_eq!(schedule.next(at("2026-05-01T00:00:00Z"), 1)[0].start, at("2026-05-01T03:30:00Z"));
}

#[test]
fn a_schedule_ends_with_its_last_clock() {
    let schedule = Schedule::parse(&json!({ "clocks": [
        { "type": "DatesClock", "dates": [{ "dt": "2026-01-01T00:00:00", "tz": "UTC" }] }
    ] }))
    .unwrap();
    assert!(!schedule.is_exhausted(at("2025-12-31T23:59:59Z")));
    assert!(schedule.is_exhausted(at("2026-01-01T00:00:00Z")));
    assert!(Schedule::parse(&json!({ "clocks": [] })).unwrap().is_exhausted(at("2026-01-01T00:00:00Z")));
}

#[test]
fn required_parameters_are_covered_by_every_clock_or_the_group() {
    let schedule = Schedule::parse(&json!({ "clocks": [
        { "type": "CronClock", "cron": "0 * * * *", "parameter_defaults": { "x": 1, "y": 2 } },
        { "type": "CronClock", "cron": "5 * * * *", "parameter_defaults": { "x": 3 } },
    ] }))
    .unwrap();
    let none = Map::new();
    let group = json!({ "y": null }).as_object().unwrap().clone();
    assert_eq!(schedule.uncovered_parameters(["x", "y", "z"], &none), BTreeSet::from(["y", "z"]));
    assert_eq!(schedule.uncovered_parameters(["x", "y"], &group), BTreeSet::new());
}

#[test]
fn the_group_input_becomes_the_serialized_form() {
    let now = at("2026-07-01T10:00:00.5Z");
    let input = json!({
        "cron_clocks": [{ "cron": "0 9 * * *", "parameter_defaults": { "x": 1 } }],
        "interval_clocks": [{ "interval": 3600 }],
        "timezone": "Europe/Berlin",
    });
    let document = Schedule::from_group_input(&input, now).unwrap();
    assert_eq!(
        document["clocks"][0]["start_date"],
        json!({ "dt": "2026-07-01T12:00:00", "tz": "Europe/Berlin" })
    );
    assert_eq!(document["clocks"][1]["interval"], json!(3_600_000_000_i64));
    let events = Schedule::parse(&document).unwrap().next(at("2026-07-02T06:30:00Z"), 3);
    assert_eq!(
        events.iter().map(|e| e.start).collect::<Vec<_>>(),
        [at("2026-07-02T07:00:00Z"), at("2026-07-02T07:00:00Z"), at("2026-07-02T08:00:00Z"),]
    );
    let refused = |input: Value| Schedule::from_group_input(&input, now).unwrap_err().to_string();
    assert_eq!(
        refused(json!({ "interval_clocks": [{ "interval": 30 }] })),
        "input.interval_clocks[0].interval must be a number of seconds, at least 60, not 30"
    );
    assert!(refused(json!({})).contains("at least one clock"));
    assert!(refused(json!({ "cron_clocks": [{ "cron": "nonsense" }] })).contains("schedule.clocks[0].cron"));
}

fn plan_runs(schedule: &Schedule, existing: Existing, now: DateTime<Utc>) -> Vec<RunToCreate> {
    plan(schedule, &Policy::default(), existing, now).runs
}

fn slots(runs: &[RunToCreate]) -> Vec<DateTime<Utc>> {
    runs.iter().map(|run| run.slot).collect()
}

#[test]
fn runs_are_kept_ahead_and_not_created_twice() {
    let (plain, now) = (hourly(&Value::Null), at("2026-05-01T10:30:00Z"));
    let first = plan_runs(&plain, Existing::default(), now);
    assert_eq!(first.len(), RUNS_AHEAD);
    assert_eq!(first[0].idempotency_key, "auto-scheduled:2026-05-01T11:00:00Z");
    let latest_auto_scheduled = first.last().map(|run| run.slot);
    let existing = Existing { latest_auto_scheduled, ..Existing::default() };
    assert_eq!(plan_runs(&plain, existing, now), []);
    let later = plan_runs(&plain, existing, now + TimeDelta::hours(1));
    assert_eq!(slots(&later), [at("2026-05-01T21:00:00Z")]);
}

#[test]
fn slots_that_passed_unplanned_are_counted_or_made_up_for() {
    let (plain, now) = (hourly(&Value::Null), at("2026-05-01T10:30:00Z"));
    let planned = |until: &str, window: Option<i64>| {
        let existing = Existing { latest_auto_scheduled: None, planned_until: Some(at(until)) };
        let policy = Policy::new(Overlap::Allow, window, 0).unwrap();
        let next = plan(&plain, &policy, existing, now);
        let late = next.runs.iter().filter(|run| run.slot <= now).count();
        assert_eq!(next.runs.len() - late, RUNS_AHEAD);
        assert_eq!(next.planned_until, Some(at("2026-05-01T20:00:00Z")));
        (late, next.missed)
    };
    for (until, window, expected) in [
        ("2026-05-01T10:00:00Z", None, (0, 0)),
        ("2026-05-01T04:00:00Z", None, (0, 6)),
        ("2026-05-01T04:00:00Z", Some(3600), (1, 5)),
        ("2026-05-01T04:00:00Z", Some(24 * 3600), (6, 0)),
        ("2026-05-01T10:00:00Z", Some(24 * 3600), (0, 0)),
        ("2020-05-01T10:00:00Z", None, (0, plan::MOST_PAST)),
    ] {
        assert_eq!(planned(until, window), expected, "{until} {window:?}");
    }
}

#[test]
fn runs_with_parameters_are_told_apart_by_their_key_alone() {
    let now = at("2026-05-01T10:30:00Z");
    let latest_auto_scheduled = Some(at("2027-01-01T00:00:00Z"));
    let existing = Existing { latest_auto_scheduled, ..Existing::default() };
    let key = |parameters: Value| {
        let runs = plan_runs(&hourly(&parameters), existing, now);
        runs[0].idempotency_key.clone()
    };
    let (one, two) = (key(json!({ "a": 1, "b": 2 })), key(json!({ "a": 1, "b": 3 })));
    assert!(one.starts_with("auto-scheduled:2026-05-01T11:00:00Z:") && one != two, "{one} {two}");
    assert_eq!(one, key(json!({ "b": 2, "a": 1 })), "the order of parameters means nothing");
}

#[test]
fn jitter_is_the_slots_own_and_within_its_bounds() {
    let group = |id: u128| signalbox_schema::FlowGroupId(uuid::Uuid::from_u128(id));
    let policy = Policy::new(Overlap::Allow, None, 60).unwrap();
    let slot = at("2026-05-01T11:00:00Z");
    let due: Vec<_> = (0..1000).map(|id| policy.due(group(id), slot)).collect();
    assert_eq!(due, (0..1000).map(|id| policy.due(group(id), slot)).collect::<Vec<_>>());
    assert!(due.iter().all(|due| (slot..=slot + TimeDelta::seconds(60)).contains(due)));
    let early = due.iter().filter(|due| **due < slot + TimeDelta::seconds(30)).count();
    assert!((400..600).contains(&early), "spread evenly: {early} of 1000 in the first half");
    assert_ne!(
        policy.due(group(1), slot),
        policy.due(group(1), slot + TimeDelta::hours(1)) - TimeDelta::hours(1)
    );
    assert_eq!(Policy::default().due(group(1), slot), slot);
}

#[test]
fn policies_out_of_bounds_are_refused() {
    let refused = |catch_up, jitter| Policy::new(Overlap::Skip, catch_up, jitter).unwrap_err().to_string();
    assert_eq!(
        refused(Some(9), 0),
        "catch_up_seconds must be from 10 to 31622400, or null for no limit; it is 9"
    );
    assert_eq!(refused(None, -1), "jitter_seconds must be from 0 to 86400; it is -1");
}

/// One line: policy, active runs, waiting runs as (id, seconds late, fresh), skipped with their reason, whether the
/// active are cancelled, whom the others wait for.
type Line = (
    Overlap,
    &'static [u128],
    &'static [(u128, i64, bool)],
    &'static [(u128, &'static str)],
    bool,
    Option<u128>,
);

#[test]
fn which_runs_may_start() {
    use Overlap::{Allow, CancelOther, QueueOne, Skip};
    let run = |id: u128| signalbox_schema::FlowRunId(uuid::Uuid::from_u128(id));
    let now = at("2026-05-01T11:00:00Z");
    let table: [Line; 16] = [
        (Allow, &[1], &[(2, 0, true), (3, 0, true)], &[], false, None),
        (Allow, &[], &[(2, 61, true), (3, 60, true), (4, 99, false)], &[(2, "too_late")], false, None),
        (Skip, &[], &[], &[], false, None),
        (Skip, &[], &[(2, 2, true), (3, 1, true)], &[], false, None),
        (Skip, &[1], &[(2, 2, true), (3, 1, true)], &[(2, "overlap"), (3, "overlap")], false, Some(1)),
        (Skip, &[1], &[(2, 99, true), (3, 1, false)], &[(2, "too_late")], false, Some(1)),
        (QueueOne, &[], &[(2, 2, true), (3, 1, true)], &[], false, None),
        (QueueOne, &[1], &[(2, 2, true)], &[], false, Some(1)),
        (
            QueueOne,
            &[1],
            &[(2, 2, true), (3, 1, true), (4, 0, true)],
            &[(3, "queue_full"), (4, "queue_full")],
            false,
            Some(1),
        ),
        (QueueOne, &[1], &[(2, 99, true), (3, 1, true)], &[(2, "too_late")], false, Some(1)),
        (QueueOne, &[1], &[(2, 2, false), (3, 1, true)], &[(3, "queue_full")], false, Some(1)),
        (CancelOther, &[], &[], &[], false, None),
        (CancelOther, &[1], &[], &[], false, Some(1)),
        (CancelOther, &[1], &[(2, 2, true)], &[], true, Some(1)),
        (CancelOther, &[1, 5], &[(2, 2, true), (3, 1, true)], &[(2, "superseded")], true, Some(1)),
        (CancelOther, &[], &[(2, 2, true), (3, 1, true)], &[(2, "superseded")], false, None),
    ];
    for (overlap, active, waiting, skipped, cancel_active, wait_for) in table {
        let policy = Policy::new(overlap, Some(60), 0).unwrap();
        let line = format!("{overlap:?} {active:?} {waiting:?}");
        let active: Vec<_> = active.iter().map(|id| run(*id)).collect();
        let waiting: Vec<_> = waiting
            .iter()
            .map(|(id, late, is_fresh)| admit::Waiting {
                id: run(*id),
                due: now - TimeDelta::seconds(*late),
                is_fresh: *is_fresh,
            })
            .collect();
        let settlement = admit::settle(&policy, &active, &waiting, now);
        let skip: Vec<_> = settlement.skip.iter().map(|(id, why)| (id.0.as_u128(), why.reason())).collect();
        assert_eq!(skip, skipped, "{line}");
        assert_eq!(settlement.cancel_active, cancel_active, "{line}");
        assert_eq!(settlement.wait_for, wait_for.map(run), "{line}");
    }
}

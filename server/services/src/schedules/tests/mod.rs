//! The scheduler on a real database file, with a clock that is turned by hand.

mod policy;
mod world;

use super::{
    draft::{Draft, Has},
    make::{Made, make},
    plan_flow, plan_group,
};
use crate::background::{
    self,
    scheduler::{Report, Scheduler, run_once},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use signalbox_bus::Topic;
use signalbox_core::{access::Access, schedule::Policy};
use signalbox_storage::repo::schedule::Document;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use world::{START, World, at, clock, cron, schedule};

/// The starts of an hourly schedule, `count` of them.
fn hours(first: &str, count: i32) -> Vec<DateTime<Utc>> {
    (0..count).map(|hour| at(first) + TimeDelta::hours(hour.into())).collect()
}

#[tokio::test]
async fn ten_runs_are_ahead_and_once() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 * * * *")).await;
    assert_eq!(run_once(&world.services).await.unwrap(), Report { flows: 1, created: 10 });
    assert_eq!(world.starts(flow).await, hours("2026-06-01T01:00:00Z", 10));
    assert!(world.runs(flow).await.iter().all(|run| run.state == "Scheduled"));
    assert_eq!(run_once(&world.services).await.unwrap(), Report { flows: 1, created: 0 });
    assert_eq!(world.runs(flow).await.len(), 10);
}

#[tokio::test]
async fn two_schedulers_at_once_make_nothing_twice() {
    let mut world = World::new().await;
    let mut flows = Vec::new();
    for _ in 0..20 {
        flows.push(world.flow(&cron("0 * * * *")).await);
    }
    let (one, other) = tokio::join!(run_once(&world.services), run_once(&world.services));
    assert_eq!(one.unwrap().created + other.unwrap().created, 200);
    for flow in flows {
        assert_eq!(world.starts(flow).await, hours("2026-06-01T01:00:00Z", 10));
    }
}

#[tokio::test]
async fn a_pass_looks_only_at_flows_whose_next_run_has_started() {
    let mut world = World::new().await;
    let (hourly, daily) = (world.flow(&cron("0 * * * *")).await, world.flow(&cron("0 0 * * *")).await);
    let mut scheduler = Scheduler::default();
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report { flows: 2, created: 20 });
    world.advance(TimeDelta::minutes(59));
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report::default());
    assert_eq!(scheduler.pause(at("2026-06-01T00:59:30Z")), Duration::from_secs(30), "until the run starts");
    world.advance(TimeDelta::seconds(30));
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report { flows: 1, created: 1 });
    assert_eq!(world.starts(hourly).await, hours("2026-06-01T01:00:00Z", 11));
    assert_eq!(world.runs(daily).await.len(), 10);
    assert!(scheduler.pause(at("2026-06-01T01:00:00Z")) > Duration::from_secs(20), "nothing is due");
}

#[tokio::test]
async fn after_a_long_pause_the_next_ten_are_made_and_nothing_for_the_time_between() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 * * * *")).await;
    let mut scheduler = Scheduler::default();
    scheduler.pass(&world.services).await.unwrap();
    world.advance(TimeDelta::days(3));
    assert_eq!(scheduler.pass(&world.services).await.unwrap().created, 10);
    let mut expected = hours("2026-06-01T01:00:00Z", 10);
    expected.extend(hours("2026-06-04T01:00:00Z", 10));
    assert_eq!(world.starts(flow).await, expected);
}

#[tokio::test]
async fn the_groups_schedule_wins_and_replaces_what_was_planned() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 0 * * *")).await;
    run_once(&world.services).await.unwrap();
    // One that no longer waits stays, and must not hold up the runs before it.
    let far = at("2026-06-11T00:00:00Z");
    world.set_state(flow, far, "Cancelled").await;
    world.advance(TimeDelta::seconds(1));
    world.set_group_schedule(flow, &cron("0 * * * *")).await;
    plan_group(&world.services, &world.operator(), flow.group).await;
    let mut expected = hours("2026-06-01T01:00:00Z", 10);
    expected.push(far);
    assert_eq!(world.starts(flow).await, expected, "as soon as the change is answered");
    world.advance(TimeDelta::hours(2));
    assert_eq!(run_once(&world.services).await.unwrap().created, 2);
}

#[tokio::test]
async fn a_change_made_elsewhere_shows_with_the_next_look() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 0 * * *")).await;
    let mut scheduler = Scheduler::default();
    scheduler.pass(&world.services).await.unwrap();
    world.advance(TimeDelta::seconds(1));
    world.set_group_schedule(flow, &cron("30 * * * *")).await;
    assert_eq!(
        scheduler.pass(&world.services).await.unwrap(),
        Report::default(),
        "it does not look all the time"
    );
    world.advance(TimeDelta::seconds(60));
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report { flows: 1, created: 10 });
    assert_eq!(world.starts(flow).await, hours("2026-06-01T00:30:00Z", 10));
}

#[tokio::test]
async fn each_clock_gives_its_parameters_and_labels() {
    let mut world = World::new().await;
    let clocks = [
        clock("0 * * * *", &json!({"size": 1}), &json!(["small"])),
        clock("0 * * * *", &json!({"size": 2}), &Value::Null),
    ];
    let flow = world.flow(&schedule(&clocks)).await;
    let mut scheduler = Scheduler::default();
    assert_eq!(scheduler.pass(&world.services).await.unwrap().created, 10);
    let runs = world.runs(flow).await;
    let first: Vec<_> = runs[..2].iter().map(|run| (run.start, &run.parameters, &run.labels)).collect();
    let one = at("2026-06-01T01:00:00Z");
    assert_eq!(
        first,
        [(one, &json!({"size": 1}), &json!(["small"])), (one, &json!({"size": 2}), &json!([]))]
    );
    assert_eq!(runs[9].start, at("2026-06-01T05:00:00Z"));
    assert_eq!(run_once(&world.services).await.unwrap().created, 0);
    world.advance(TimeDelta::hours(1));
    assert_eq!(scheduler.pass(&world.services).await.unwrap().created, 2);
}

#[tokio::test]
async fn a_planned_run_that_somebody_deleted_stays_deleted() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 * * * *")).await;
    run_once(&world.services).await.unwrap();
    world.delete_run(flow, at("2026-06-01T03:00:00Z")).await;
    assert_eq!(run_once(&world.services).await.unwrap().created, 0);
    assert_eq!(world.runs(flow).await.len(), 9);
}

#[tokio::test]
async fn flows_that_are_switched_off_or_put_away_get_none() {
    let mut world = World::new().await;
    let (off, away) = (world.flow(&cron("0 * * * *")).await, world.flow(&cron("0 * * * *")).await);
    world.change_flow(off, "is_schedule_active = false").await;
    world.change_flow(away, "archived = true").await;
    for flow in [off, away] {
        plan_flow(&world.services, &world.operator(), flow.id).await;
    }
    assert_eq!(run_once(&world.services).await.unwrap(), Report::default());
    assert_eq!((world.runs(off).await.len(), world.runs(away).await.len()), (0, 0));
    // Switched off while the scheduler knows it: noticed when its next run would be due, before any look.
    let flow = world.flow(&cron("* * * * *")).await;
    let mut scheduler = Scheduler::default();
    scheduler.pass(&world.services).await.unwrap();
    world.change_flow(flow, "is_schedule_active = false").await;
    world.advance(TimeDelta::seconds(30));
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report::default());
    assert_eq!(world.runs(flow).await.len(), 10);
}

#[tokio::test]
async fn runs_of_a_schedule_that_was_changed_meanwhile_are_not_made() {
    let mut world = World::new().await;
    let flow = world.flow(&cron("0 * * * *")).await;
    let other = world.flow(&cron("0 * * * *")).await;
    let drafts = [flow, other].map(|flow| {
        let (group, policy) = (flow.group, Policy::default());
        let document = Document { group, schedule: cron("0 * * * *"), policy };
        Draft::new(flow.id, document, &Has::default(), at(START))
    });
    world.set_group_schedule(flow, &cron("0 0 * * *")).await;
    let access = Access::system(world.services.default_tenant(), "test");
    let made = make(&world.services, &access, &[&drafts[0], &drafts[1]]).await;
    assert!(matches!(made[..], [Made::Outdated, Made::Runs(10, None)]), "{made:?}");
    assert_eq!((world.runs(flow).await.len(), world.runs(other).await.len()), (0, 10));
}

#[tokio::test]
async fn a_schedule_that_cannot_be_read_is_told_once_and_skipped() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut world = World::new().await;
    let broken = world.flow(&cron("at tea time")).await;
    let good = world.flow(&cron("0 * * * *")).await;
    let mut scheduler = Scheduler::default();
    for _ in 0..3 {
        scheduler.pass(&world.services).await.unwrap();
        scheduler.look_again();
        world.advance(TimeDelta::minutes(2));
    }
    assert_eq!((world.runs(broken).await.len(), world.runs(good).await.len()), (0, 10));
    let text = log.text();
    assert_eq!(text.matches(&format!("flow.id={}", broken.id)).count(), 1, "{text}");
    assert!(text.contains("WARN") && text.contains("cron") && !text.contains("tea time"), "{text}");
    // Told again when it was changed and is still wrong.
    world.change_flow(broken, "description = 'x'").await;
    scheduler.look_again();
    scheduler.pass(&world.services).await.unwrap();
    assert_eq!(log.text().matches(&format!("flow.id={}", broken.id)).count(), 2);
}

#[tokio::test]
async fn a_schedule_without_a_next_run_is_left_alone() {
    let mut world = World::new().await;
    let mut past = clock("0 * * * *", &json!({}), &Value::Null);
    past["end_date"] = json!({"dt": "2020-01-01T00:00:00", "tz": "UTC"});
    let flow = world.flow(&schedule(&[past])).await;
    let mut scheduler = Scheduler::default();
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report { flows: 1, created: 0 });
    world.advance(TimeDelta::minutes(2));
    assert_eq!(scheduler.pass(&world.services).await.unwrap(), Report::default());
    assert!(world.runs(flow).await.is_empty());
}

#[tokio::test]
async fn the_task_is_woken_by_a_hint_and_ends_when_asked() {
    let mut world = World::new().await;
    let first = world.flow(&cron("0 * * * *")).await;
    let mut work = world.services.subscribe(Topic::Work(world.services.default_tenant()));
    let background = background::start(&world.services);
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, work.changed()).await.expect("it begins by itself");
    assert_eq!(world.runs(first).await.len(), 10);
    let second = world.flow(&cron("0 * * * *")).await;
    world.services.hint(Topic::Schedules);
    tokio::time::timeout(patience, work.changed()).await.expect("a hint wakes it before its tick");
    assert_eq!(world.runs(second).await.len(), 10);
    tokio::time::timeout(patience, background.stop()).await.expect("it ends");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Winding down.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use signalbox_agent::{Shutdown, executor::ExitStatus};

use crate::{
    fake_server::FakeServer,
    scripted::{Event, Scripted},
    started::{config, start},
};

#[tokio::test]
async fn an_idle_agent_ends_at_once() {
    let server = FakeServer::start().await;
    server.with(|records| records.renew_seconds = 3600);
    let agent = start(&server, config(&server), Scripted::obedient());
    server.until("it asks", |records| (records.claims.len() >= 2).then_some(())).await;
    let begun = std::time::Instant::now();
    assert_eq!(agent.drained().await.executed, 0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn draining_takes_nothing_new_but_sees_running_runs_through() {
    let server = FakeServer::start().await;
    server.with(|records| records.renew_seconds = 1);
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let finishing = server.queue_run(1, &json!({}));
    let cancelled = server.queue_run(2, &json!({}));
    executor.until_started(finishing).await;
    executor.until_started(cancelled).await;
    agent.ask(Shutdown::Drain);
    let drained = server
        .until("it asks without places", |records| {
            let index = records.claims.iter().position(|claim| claim.slots == 0)?;
            Some(index)
        })
        .await;
    let late = server.queue_run(3, &json!({}));
    server.with(|records| {
        let run = records.runs.get_mut(&cancelled).unwrap();
        run.state = "Cancelling".into();
        run.directive = Some("cancel");
    });
    server.until_released(cancelled).await;
    assert_eq!(server.reported(cancelled)[0].0, "Cancelled");
    server
        .until("the lease of the other is renewed", |records| {
            records.claims[drained..].iter().any(|claim| claim.held == [finishing]).then_some(())
        })
        .await;
    server.finish(finishing, "Success");
    executor.end(finishing, ExitStatus::Code(0), "");
    assert_eq!(agent.ended().await.unwrap().executed, 2);
    assert!(server.with(|records| records.claims[drained..].iter().all(|claim| claim.slots == 0)));
    assert!(!executor.events().contains(&Event::Started(late)));
}

#[tokio::test]
async fn a_second_signal_ends_the_work_and_reports_it() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    agent.ask(Shutdown::Drain);
    agent.ask(Shutdown::Kill);
    agent.ended().await.unwrap();
    assert_eq!(executor.events()[1], Event::Stopped(run, Duration::ZERO));
    assert_eq!(server.reported(run)[0].0, "Failed");
    assert!(server.with(|records| records.runs[&run].released));
}

#[tokio::test]
async fn the_drain_timeout_is_a_second_signal() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let mut config = config(&server);
    config.drain_timeout = Some(Duration::from_millis(100));
    let agent = start(&server, config, executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    agent.drained().await;
    assert_eq!(server.reported(run)[0].0, "Failed");
}

#[tokio::test]
async fn an_agent_without_a_server_can_be_stopped() {
    let server = FakeServer::start().await;
    server.with(|records| records.outage = Some(StatusCode::SERVICE_UNAVAILABLE));
    let agent = start(&server, config(&server), Scripted::obedient());
    assert_eq!(agent.drained().await.executed, 0);
}

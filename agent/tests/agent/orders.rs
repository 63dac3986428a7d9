//! What the server orders about runs that are held.

use std::time::Duration;

use serde_json::json;
use signalbox_agent::executor::ExitStatus;
use signalbox_schema::StateType;

use crate::{
    fake_server::FakeServer,
    scripted::{Event, Scripted},
    started::{config, start},
};

#[tokio::test]
async fn a_cancelled_run_is_stopped_softly_and_reported_when_it_is_gone() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    let before = server.with(|records| {
        let run = records.runs.get_mut(&run).unwrap();
        run.state = "Cancelling".into();
        run.directive = Some("cancel");
        records.claims.len()
    });
    let softly = Event::Stopped(run, Duration::from_secs(10));
    executor.until("it is stopped softly", |events| events.contains(&softly)).await;
    // The directive stands until the work is gone, so every claim comes straight back; the agent must not spin.
    let begun = std::time::Instant::now();
    server.until("three more claims", |records| (records.claims.len() >= before + 4).then_some(())).await;
    assert!(begun.elapsed() >= Duration::from_millis(350), "claims came every {:?}", begun.elapsed() / 3);
    assert!(server.reported(run).is_empty(), "reported before the work was gone");
    executor.end(run, ExitStatus::Signal(15), "");
    server.until_released(run).await;
    assert_eq!(server.reported(run), [("Cancelled".to_owned(), "Flow run is cancelled".to_owned())]);
    agent.drained().await;
    assert_eq!(executor.events(), [Event::Started(run), softly, Event::CleanedUp(run)]);
}

#[tokio::test]
async fn a_run_that_cancelled_itself_is_not_reported_again() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| {
        let run = records.runs.get_mut(&run).unwrap();
        run.state = "Cancelling".into();
        run.directive = Some("cancel");
    });
    executor.until("it is stopped", |events| events.len() == 2).await;
    server.finish(run, "Cancelled");
    executor.end(run, ExitStatus::Code(0), "");
    assert_eq!(agent.drained().await.last.unwrap().state, Some(StateType::Cancelled));
    assert!(server.reported(run).is_empty());
}

#[tokio::test]
async fn an_abandoned_run_is_killed_and_nothing_is_said_about_it() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let mut config = config(&server);
    config.once = true;
    let agent = start(&server, config, executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| records.runs.get_mut(&run).unwrap().directive = Some("abandon"));
    let outcome = agent.ended().await.unwrap();
    assert_eq!(outcome.last.unwrap().state, None);
    assert_eq!(
        executor.events(),
        [Event::Started(run), Event::Stopped(run, Duration::ZERO), Event::CleanedUp(run)]
    );
    assert!(server.reported(run).is_empty());
    assert!(!server.with(|records| records.runs[&run].released));
}

#[tokio::test]
async fn a_process_that_reported_its_end_may_still_send_its_last_lines() {
    let server = FakeServer::start().await;
    let executor = Scripted::slow();
    let mut config = config(&server);
    config.once = true;
    let agent = start(&server, config, executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    // The server takes the lease back with the final state and orders the run to be abandoned.
    server.finish(run, "Success");
    server
        .until("the run is not listed any more", |records| {
            let renewed = records.claims.iter().position(|claim| claim.held == [run])?;
            records.claims[renewed..].iter().any(|claim| claim.held.is_empty()).then_some(())
        })
        .await;
    assert_eq!(executor.events(), [Event::Started(run)], "it was stopped before it was ready");
    executor.end(run, ExitStatus::Code(0), "");
    assert_eq!(agent.ended().await.unwrap().last.unwrap().state, Some(StateType::Success));
    assert!(server.reported(run).is_empty());
}

#[tokio::test]
async fn a_process_that_stays_after_its_end_is_killed_when_its_grace_is_over() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let mut config = config(&server);
    config.once = true;
    config.grace = Duration::from_millis(100);
    let agent = start(&server, config, executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.finish(run, "Failed");
    assert_eq!(agent.ended().await.unwrap().last.unwrap().state, Some(StateType::Failed));
    assert!(executor.events().contains(&Event::Stopped(run, Duration::ZERO)));
}

#[tokio::test]
async fn an_abandoned_run_does_not_get_the_rest_of_its_grace() {
    let server = FakeServer::start().await;
    let executor = Scripted::stubborn();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| records.runs.get_mut(&run).unwrap().directive = Some("cancel"));
    executor.until("it is stopped softly", |events| events.len() == 2).await;
    server.with(|records| records.runs.get_mut(&run).unwrap().directive = Some("abandon"));
    executor.until("it is gone", |events| events.contains(&Event::CleanedUp(run))).await;
    assert_eq!(executor.events()[2], Event::Stopped(run, Duration::ZERO));
    assert!(server.reported(run).is_empty());
    agent.drained().await;
}

#[tokio::test]
async fn a_run_claimed_a_second_time_is_started_only_when_its_first_work_is_gone() {
    let server = FakeServer::start().await;
    let executor = Scripted::slow();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    // As after a long outage: the first lease lapsed and the run was handed out again, to the same agent.
    let first = server.with(|records| records.runs[&run].token);
    server.queue_run(1, &json!({}));
    executor.until("the first work is killed", |events| events.len() == 2).await;
    server
        .until("the second claim is renewed", |records| {
            let renewed = records.claims.last()?.held == [run];
            (renewed && records.runs[&run].token != first).then_some(())
        })
        .await;
    assert_eq!(executor.events().len(), 2, "it was started while its first work was still there");
    executor.end(run, ExitStatus::Signal(9), "");
    executor.until("it is started again", |events| events.len() == 4).await;
    assert_eq!(
        executor.events(),
        [
            Event::Started(run),
            Event::Stopped(run, Duration::ZERO),
            Event::CleanedUp(run),
            Event::Started(run)
        ]
    );
    executor.end(run, ExitStatus::Code(1), "");
    server.until_released(run).await;
    assert_eq!(server.reported(run).len(), 1, "only the second claim reports");
    agent.drained().await;
}

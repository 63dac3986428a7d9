//! From claim to release, when nothing is in the way.

use serde_json::json;
use signalbox_agent::{RunOutcome, executor::ExitStatus};
use signalbox_schema::StateType;

use crate::{
    fake_server::{FakeServer, TENANT},
    scripted::{Event, Scripted},
    started::{config, start},
};

#[tokio::test]
async fn a_run_is_claimed_started_watched_and_released() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server
        .until("the run's log names its process", |records| {
            let line = records.logs.first()?;
            assert_eq!(line["message"], "Submitted for execution: script");
            assert_eq!((&line["name"], &line["level"]), (&json!("tester"), &json!("INFO")));
            Some(())
        })
        .await;
    server
        .until("its lease is renewed while it runs", |records| {
            records.claims.iter().any(|claim| claim.held == [run]).then_some(())
        })
        .await;
    server.finish(run, "Success");
    executor.end(run, ExitStatus::Code(0), "");
    executor.until("it is over", |events| events.contains(&Event::CleanedUp(run))).await;
    assert!(server.reported(run).is_empty(), "the run said its end itself");
    let registration = server.with(|records| records.registrations[0].clone());
    assert_eq!(
        registration,
        json!({"type": "LocalAgent", "name": "tester", "labels": ["eu"], "tenant_id": TENANT})
    );
    let outcome = agent.drained().await;
    assert_eq!(outcome.executed, 1);
    let ended = RunOutcome { flow_run_id: run.into(), state: Some(StateType::Success) };
    assert_eq!(outcome.last, Some(ended));
}

#[tokio::test]
async fn the_limit_holds_and_a_free_place_is_offered_at_once() {
    let server = FakeServer::start().await;
    // Were the agent to wait its poll out before it offers the place again, this test would miss its deadline.
    server.with(|records| records.renew_seconds = 3600);
    let executor = Scripted::obedient();
    let mut config = config(&server);
    config.limit = Some(1);
    let agent = start(&server, config, executor.clone());
    let first = server.queue_run(1, &json!({}));
    let second = server.queue_run(2, &json!({}));
    executor.until_started(first).await;
    server
        .until("the agent asks without a free place", |records| {
            (records.claims.last()?.slots == 0).then_some(())
        })
        .await;
    let begun = std::time::Instant::now();
    executor.end(first, ExitStatus::Code(1), "");
    executor.until_started(second).await;
    assert!(begun.elapsed().as_secs() < 10, "the place was offered after {:?}", begun.elapsed());
    executor.end(second, ExitStatus::Code(1), "");
    server.until_released(second).await;
    agent.drained().await;
}

#[tokio::test]
async fn once_executes_one_run_and_ends_with_its_outcome() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let mut config = config(&server);
    config.once = true;
    let first = server.queue_run(1, &json!({}));
    let second = server.queue_run(2, &json!({}));
    let agent = start(&server, config, executor.clone());
    executor.until_started(first).await;
    executor.end(first, ExitStatus::Code(7), "");
    let outcome = agent.ended().await.unwrap();
    assert_eq!(outcome.executed, 1);
    assert_eq!(outcome.last.unwrap().state, Some(StateType::Failed));
    assert!(!executor.events().contains(&Event::Started(second)));
}

#[tokio::test]
async fn a_run_that_left_for_a_long_retry_is_released_as_it_is_and_taken_up_again() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| {
        let run = records.runs.get_mut(&run).unwrap();
        run.state = "Running".into();
        run.task_waits = true;
    });
    executor.end(run, ExitStatus::Code(0), "");
    server.until_released(run).await;
    assert!(server.reported(run).is_empty());

    server.queue_run(1, &json!({"resumed": true}));
    executor
        .until("it is started again", |events| {
            events.iter().filter(|event| **event == Event::Started(run)).count() == 2
        })
        .await;
    server.finish(run, "Success");
    executor.end(run, ExitStatus::Code(0), "");
    assert_eq!(agent.drained().await.executed, 2);
}

#[tokio::test]
async fn leases_are_renewed_in_time_while_nothing_happens() {
    let server = FakeServer::start().await;
    server.with(|records| records.renew_seconds = 1);
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    let renewals = |records: &crate::fake_server::Records| -> Vec<std::time::Instant> {
        records.claims.iter().filter(|claim| claim.held == [run]).map(|claim| claim.at).collect()
    };
    server.until("four renewals", |records| (renewals(records).len() >= 4).then_some(())).await;
    let at = server.with(|records| renewals(records));
    for pair in at.windows(2) {
        let gap = pair[1] - pair[0];
        // The interval is 1 s, the lease 3 s; a busy machine may add a little, a full poll too many would not fit.
        assert!(gap.as_millis() < 1_500, "a renewal came {gap:?} after the one before");
    }
    executor.end(run, ExitStatus::Code(1), "");
    server.until_released(run).await;
    agent.drained().await;
}

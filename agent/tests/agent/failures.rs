//! When the work, the server or the run itself is not as it should be.

use axum::http::StatusCode;
use serde_json::json;
use signalbox_agent::{AgentError, executor::ExitStatus};
use signalbox_schema::StateType;

use crate::{
    fake_server::FakeServer,
    scripted::{Event, Scripted},
    started::{config, start},
};

#[tokio::test]
async fn a_crash_is_reported_with_its_cause_before_the_release() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| records.runs.get_mut(&run).unwrap().state = "Running".into());
    executor.end(run, ExitStatus::Signal(9), "Traceback: out of cheese");
    server.until_released(run).await;
    let cause =
        "the flow-run process was killed by signal SIGKILL (9); last output: Traceback: out of cheese";
    assert_eq!(server.reported(run), [("Failed".to_owned(), cause.to_owned())]);
    let exit = server.with(|records| records.exits[0].clone());
    assert_eq!((&exit["signal"], &exit["exit_code"]), (&json!(9), &json!(null)));
    agent.drained().await;
}

#[tokio::test]
async fn a_run_for_another_kind_of_agent_fails_without_being_started() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({"run_config": {"type": "DockerRun", "image": "x"}}));
    server.until_claimed(run).await;
    server.until_released(run).await;
    let reported = server.reported(run);
    assert_eq!(reported[0].0, "Failed");
    assert!(reported[0].1.contains("DockerRun"), "{reported:?}");
    assert!(executor.events().is_empty());
    agent.drained().await;
}

#[tokio::test]
async fn an_outage_loses_neither_the_work_nor_its_report() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let crashed = server.queue_run(1, &json!({}));
    let working = server.queue_run(2, &json!({}));
    executor.until_started(crashed).await;
    executor.until_started(working).await;
    server.with(|records| records.outage = Some(StatusCode::SERVICE_UNAVAILABLE));
    executor.end(crashed, ExitStatus::Code(1), "");
    let read = |records: &crate::fake_server::Records| {
        records.turned_away.iter().filter(|operation| **operation == "flow_run_state").count()
    };
    server.until("the report is tried again and again", |records| (read(records) >= 3).then_some(())).await;
    assert!(server.reported(crashed).is_empty());
    let before = server.with(|records| {
        records.outage = None;
        // Nor is anything lost when the server stumbles at any later step.
        for operation in ["report_flow_run_exit", "release_flow_runs", "write_run_logs"] {
            records.refusals.extend([(operation, "API_ERROR"), (operation, "API_ERROR")]);
        }
        records.claims.len()
    });
    server.until_released(crashed).await;
    assert_eq!(server.reported(crashed).len(), 1);
    server
        .until("the lease of the other is renewed again", |records| {
            records.claims[before..].iter().any(|claim| claim.held.contains(&working)).then_some(())
        })
        .await;
    assert!(!executor.events().iter().any(|event| matches!(event, Event::Stopped(..))));
    executor.end(working, ExitStatus::Code(1), "");
    server.until_released(working).await;
    agent.drained().await;
}

#[tokio::test]
async fn a_lost_lease_ends_the_reporting() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    let mut config = config(&server);
    config.once = true;
    let agent = start(&server, config, executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    server.with(|records| records.refusals.push_back(("report_flow_run_exit", "LEASE_LOST")));
    executor.end(run, ExitStatus::Code(1), "");
    let outcome = agent.ended().await.unwrap();
    assert_eq!(outcome.last.unwrap().state, None::<StateType>);
    assert!(server.reported(run).is_empty());
    assert!(!server.with(|records| records.runs[&run].released));
}

#[tokio::test]
async fn an_agent_the_server_has_forgotten_registers_again() {
    let server = FakeServer::start().await;
    let executor = Scripted::obedient();
    server.with(|records| records.refusals.push_back(("claim_flow_runs", "NOT_FOUND")));
    let agent = start(&server, config(&server), executor.clone());
    server.until("a second registration", |records| (records.registrations.len() == 2).then_some(())).await;
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    executor.end(run, ExitStatus::Code(1), "");
    server.until_released(run).await;
    agent.drained().await;
}

#[tokio::test]
async fn an_agent_that_is_not_allowed_says_so_and_ends() {
    let server = FakeServer::start().await;
    server.with(|records| records.refusals.push_back(("tenant", "UNAUTHENTICATED")));
    let agent = start(&server, config(&server), Scripted::obedient());
    let error = agent.ended().await.unwrap_err();
    assert!(matches!(error, AgentError::Api(_)), "{error}");
}

#[tokio::test]
async fn an_agent_that_starts_before_its_server_waits_for_it() {
    let server = FakeServer::start().await;
    server.with(|records| records.outage = Some(StatusCode::BAD_GATEWAY));
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    server.with(|records| records.outage = None);
    executor.until_started(run).await;
    executor.end(run, ExitStatus::Code(1), "");
    server.until_released(run).await;
    agent.drained().await;
}

#[tokio::test]
async fn runs_whose_claim_was_answered_into_the_void_are_asked_for_again() {
    let server = FakeServer::start().await;
    server.with(|records| records.lost_answers = 2);
    let executor = Scripted::obedient();
    let agent = start(&server, config(&server), executor.clone());
    let run = server.queue_run(1, &json!({}));
    executor.until_started(run).await;
    // A question with a new id gets what is new, not the same again.
    let next = server.queue_run(2, &json!({}));
    executor.until_started(next).await;
    executor.end(run, ExitStatus::Code(1), "");
    executor.end(next, ExitStatus::Code(1), "");
    server.until_released(run).await;
    server.until_released(next).await;
    assert_eq!(executor.events().iter().filter(|event| **event == Event::Started(run)).count(), 1);
    assert_eq!(agent.drained().await.executed, 2);
}

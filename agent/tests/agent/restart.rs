//! `kill -9` of the agent, and what the next process of the same agent makes of it.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use signalbox_agent::{Agent, AgentError, Shutdown, executor::ExitStatus};
use uuid::Uuid;

use crate::{
    fake_server::FakeServer,
    processes::{Stand, is_gone, written},
    scripted::{Event, Scripted},
    started::{config, start},
};

/// The agent as a process of its own, which can be killed.
struct Killable {
    child: Child,
    output: PathBuf,
}

impl Killable {
    fn start(stand: &Stand, name: &str) -> Self {
        let output = stand.path(&format!("{name}.out"));
        let file = std::fs::File::create(&output).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_signalbox-agent"))
            .args(["local", "--api", stand.server.url.as_str(), "--name", "tester", "--no-hostname-label"])
            .args(["--label", "eu", "--show-flow-logs", "--grace", "5", "--agent-data-dir"])
            .arg(stand.path("journal"))
            .arg("--prefect-command")
            .arg(stand.path("prefect"))
            .stdin(Stdio::null())
            .stdout(file)
            .spawn()
            .unwrap();
        Self { child, output }
    }

    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::fs::read_to_string(&self.output).unwrap()
    }

    async fn shows(&self, text: &str) {
        while !std::fs::read_to_string(&self.output).unwrap().contains(text) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

const WAITS: &str = "echo $$ > pid.part; mv pid.part pid; echo one
    while [ ! -e go ]; do sleep 0.02; done\necho two; exit 3";

async fn killed_while_it_runs(stand: &Stand) -> (Uuid, String, String) {
    let agent = Killable::start(stand, "first");
    let run = stand.server.queue_run(1, &json!({}));
    let pid = written(&stand.path("pid")).await;
    agent.shows("one\n").await;
    // Shown is noted a moment after.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let shown = agent.kill();
    assert!(!is_gone(&pid), "the run outlives the agent");
    (run, pid, shown)
}

async fn assert_reported_once(stand: &Stand, run: Uuid) {
    stand.server.until_released(run).await;
    let message =
        "the flow-run process ended with exit code 3 before the run had ended; last output: one\ntwo";
    assert_eq!(stand.server.reported(run), [("Failed".to_owned(), message.to_owned())]);
    assert_eq!(stand.server.with(|records| records.exits.len()), 1);
    assert_eq!(stand.server.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_goes_on_is_found_and_its_end_reported_once() {
    let stand = Stand::new(WAITS).await;
    let (run, _, shown) = killed_while_it_runs(&stand).await;
    let before = stand.server.with(|records| records.claims.len());
    let agent = Killable::start(&stand, "second");
    stand
        .server
        .until("its lease is renewed", |records| {
            records.claims[before..].iter().any(|claim| claim.held == [run]).then_some(())
        })
        .await;
    std::fs::write(stand.path("go"), "").unwrap();
    assert_reported_once(&stand, run).await;
    // Nothing is left behind.
    for folder in ["journal/output", "journal/runs"] {
        while std::fs::read_dir(stand.path(folder)).unwrap().count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let shown = shown + &agent.kill();
    assert_eq!(shown, "one\ntwo\n", "no line lost, none repeated");
}

#[tokio::test]
async fn a_run_that_ended_meanwhile_is_reported_with_its_code() {
    let stand = Stand::new(WAITS).await;
    let (run, pid, shown) = killed_while_it_runs(&stand).await;
    std::fs::write(stand.path("go"), "").unwrap();
    while !is_gone(&pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let agent = Killable::start(&stand, "second");
    assert_reported_once(&stand, run).await;
    assert_eq!(shown + &agent.kill(), "one\ntwo\n");
}

#[tokio::test]
async fn a_cancellation_survives_the_agent() {
    let stand = Stand::new(WAITS).await;
    let (run, pid, _) = killed_while_it_runs(&stand).await;
    stand.cancel(run);
    let agent = Killable::start(&stand, "second");
    stand.server.until_released(run).await;
    assert_eq!(stand.server.reported(run)[0].0, "Cancelled");
    assert!(is_gone(&pid));
    agent.kill();
}

#[tokio::test]
async fn work_that_was_given_to_somebody_else_meanwhile_is_ended_without_a_word() {
    let stand = Stand::new(WAITS).await;
    let (run, pid, _) = killed_while_it_runs(&stand).await;
    stand.server.with(|records| records.runs.get_mut(&run).unwrap().token = Uuid::from_u128(0xdead));
    let agent = Killable::start(&stand, "second");
    while !is_gone(&pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stand.server.reported(run).is_empty());
    agent.kill();
}

#[tokio::test]
async fn a_question_whose_answer_was_lost_with_the_agent_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    server.with(|records| records.lost_answers = u32::MAX);
    let mut config = config(&server);
    config.data_dir = Some(folder.path().into());
    let agent = start(&server, config.clone(), Scripted::obedient());
    let run = server.queue_run(1, &json!({}));
    server.until_claimed(run).await;
    agent.drained().await;
    let asked =
        server.with(|records| records.claims.last().map(|claim| (claim.id, claim.number, claim.process_id)));
    server.with(|records| records.lost_answers = 0);
    let executor = Scripted::obedient();
    let before = server.with(|records| records.claims.len());
    let agent = start(&server, config, executor.clone());
    executor.until_started(run).await;
    let again = server
        .with(|records| records.claims.get(before).map(|claim| (claim.id, claim.number, claim.process_id)));
    assert_eq!(again, asked);
    executor.end(run, ExitStatus::Code(1), "");
    server.until_released(run).await;
    assert_eq!(executor.events().iter().filter(|event| **event == Event::Started(run)).count(), 1);
    agent.drained().await;
}

#[tokio::test]
async fn one_process_works_with_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let server = FakeServer::start().await;
    let mut config = config(&server);
    config.data_dir = Some(folder.path().into());
    let agent = start(&server, config.clone(), Scripted::obedient());
    server.until("it asks", |records| (!records.claims.is_empty()).then_some(())).await;
    let (_shutdown, asked) = tokio::sync::watch::channel(Shutdown::No);
    let error = Agent::new(config, Scripted::obedient()).run(asked).await.unwrap_err();
    assert!(matches!(error, AgentError::Journal(_)), "{error}");
    assert!(error.to_string().contains("--name"), "{error}");
    agent.drained().await;
}

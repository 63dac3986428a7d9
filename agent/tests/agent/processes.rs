//! Real processes: a shell script stands in for `prefect`.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
use serde_json::json;
use signalbox_agent::{
    Agent, AgentError, Shutdown,
    executor::local::{Local, LocalConfig, PrefectCommand},
};
use uuid::Uuid;

use crate::{
    SOON,
    fake_server::FakeServer,
    started::{Started, config, start},
};

/// A folder with a script that is called as `prefect`; the script works in that folder.
pub(crate) struct Stand {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: FakeServer,
}

impl Stand {
    pub(crate) async fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "#!/bin/sh\n[ \"$*\" = 'execute flow-run' ] || exit 99\ncd '{}' || exit 98\n{script}\n",
            folder.path().display()
        );
        let path = folder.path().join("prefect");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder, server: FakeServer::start().await }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn agent(&self, grace: Duration) -> Started {
        let mut config = config(&self.server);
        config.grace = grace;
        config.env.insert("FROM_AGENT".into(), "yes".into());
        start(&self.server, config, self.executor())
    }

    fn executor(&self) -> Local {
        let command = PrefectCommand::Program(self.path("prefect"));
        Local::new(LocalConfig {
            command,
            import_paths: vec!["/imports".into()],
            supervisor: Some(env!("CARGO_BIN_EXE_signalbox-agent").into()),
            ..LocalConfig::default()
        })
    }

    pub(crate) fn cancel(&self, run: Uuid) {
        self.server.with(|records| {
            let run = records.runs.get_mut(&run).unwrap();
            run.state = "Cancelling".into();
            run.directive = Some("cancel");
        });
    }
}

/// Waits for a file that a script writes in one go, and reads it.
pub(crate) async fn written(path: &Path) -> String {
    let look = async {
        loop {
            match std::fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(SOON, look).await.unwrap_or_else(|_| panic!("{} was not written", path.display()))
}

/// No longer there, or dead and only waiting to be collected by its new parent.
pub(crate) fn is_gone(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    let pid = Pid::from_raw(pid.trim().parse().unwrap());
    kill(pid, None) == Err(Errno::ESRCH) || status.contains("State:\tZ")
}

#[tokio::test]
async fn the_process_gets_its_environment_and_its_own_group() {
    let stand = Stand::new("env > env.part; ps -o pgid= -p $$ > group.part; echo $$ >> group.part\nmv group.part group; mv env.part env").await;
    let agent = stand.agent(Duration::from_secs(5));
    let run_config =
        json!({"type": "LocalRun", "working_dir": stand.folder.path(), "env": {"FROM_RUN": "a b"}});
    let run = stand.server.queue_run(1, &json!({"run_config": run_config}));
    let env = written(&stand.path("env")).await;
    for line in [
        format!("PREFECT__CONTEXT__FLOW_RUN_ID={run}"),
        "PREFECT__BACKEND=server".into(),
        format!("PREFECT__CLOUD__API={}", stand.server.url.as_str().trim_end_matches('/')),
        "PREFECT__CLOUD__AGENT__LABELS=['eu']".into(),
        "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS=true".into(),
        "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudFlowRunner".into(),
        "FROM_AGENT=yes".into(),
        "FROM_RUN=a b".into(),
    ] {
        assert!(env.lines().any(|have| have == line), "{line} is missing in:\n{env}");
    }
    let python_path = env.lines().find_map(|line| line.strip_prefix("PYTHONPATH=")).unwrap();
    assert!(python_path.starts_with(stand.folder.path().to_str().unwrap()), "{python_path}");
    assert!(python_path.ends_with(":/imports"), "{python_path}");
    let group = std::fs::read_to_string(stand.path("group")).unwrap();
    let ids: Vec<&str> = group.split_whitespace().collect();
    assert_eq!(ids[0], ids[1], "the process leads its group");
    stand.server.until_released(run).await;
    agent.drained().await;
}

#[tokio::test]
async fn a_crash_is_reported_with_code_and_last_output() {
    let stand = Stand::new("echo out; echo 'the disk is full' >&2; exit 3").await;
    let agent = stand.agent(Duration::from_secs(5));
    let run = stand.server.queue_run(1, &json!({}));
    stand.server.until_claimed(run).await;
    stand.server.until_released(run).await;
    let message = "the flow-run process ended with exit code 3 before the run had ended; last output: out\nthe disk is full";
    assert_eq!(stand.server.reported(run), [("Failed".to_owned(), message.to_owned())]);
    agent.drained().await;
}

#[tokio::test]
async fn a_killed_process_is_reported_with_its_signal() {
    let stand = Stand::new("kill -SEGV $$").await;
    let agent = stand.agent(Duration::from_secs(5));
    let run = stand.server.queue_run(1, &json!({}));
    stand.server.until_claimed(run).await;
    stand.server.until_released(run).await;
    let message = "the flow-run process was killed by signal SIGSEGV (11); it printed nothing";
    assert_eq!(stand.server.reported(run), [("Failed".to_owned(), message.to_owned())]);
    agent.drained().await;
}

#[tokio::test]
async fn cancelling_kills_grandchildren_that_ignore_every_request() {
    let stand = Stand::new(
        "trap '' INT TERM
         (trap '' INT TERM; sleep 1000 & echo $! $(sh -c 'echo $PPID') > pids.part; mv pids.part pids; wait; while :; do sleep 1000; done) &
         while :; do sleep 1000; done",
    )
    .await;
    let agent = stand.agent(Duration::from_millis(200));
    let run = stand.server.queue_run(1, &json!({}));
    let pids = written(&stand.path("pids")).await;
    stand.cancel(run);
    stand.server.until_released(run).await;
    assert_eq!(stand.server.reported(run)[0].0, "Cancelled");
    for pid in pids.split_whitespace() {
        assert!(is_gone(pid), "process {pid} is still there");
    }
    agent.drained().await;
}

#[tokio::test]
async fn cancelling_ends_what_went_into_a_session_of_its_own() {
    // A daemon as they are made: a session of its own, an environment of its own, an orphan, and deaf.
    let stand = Stand::new(
        "setsid env -i PATH=\"$PATH\" sh -c 'trap \"\" INT TERM HUP; (echo $$ > daemon.part; mv daemon.part daemon; while :; do sleep 1000; done) &' </dev/null
         trap 'exit 0' INT
         while :; do sleep 0.05; done",
    )
    .await;
    let agent = stand.agent(Duration::from_secs(5));
    let run = stand.server.queue_run(1, &json!({}));
    written(&stand.path("daemon")).await;
    let daemons = || {
        let found = std::process::Command::new("pgrep").args(["-f", "while :; do sleep 1000; done"]).output();
        String::from_utf8(found.unwrap().stdout).unwrap()
    };
    let before = daemons();
    stand.cancel(run);
    stand.server.until_released(run).await;
    assert_eq!(stand.server.reported(run)[0].0, "Cancelled");
    let folder = stand.folder.path();
    for pid in before.split_whitespace() {
        let here = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder);
        assert!(!here || is_gone(pid), "process {pid} is still there");
    }
    agent.drained().await;
}

#[tokio::test]
async fn a_run_whose_supervisor_was_killed_goes_on() {
    let stand = Stand::new(
        "echo $PPID > supervisor.part; mv supervisor.part supervisor
         while [ ! -e go ]; do sleep 0.02; done\necho done > done.part; mv done.part done",
    )
    .await;
    let agent = stand.agent(Duration::from_secs(5));
    let run = stand.server.queue_run(1, &json!({}));
    let supervisor = written(&stand.path("supervisor")).await;
    kill(Pid::from_raw(supervisor.trim().parse().unwrap()), nix::sys::signal::Signal::SIGKILL).unwrap();
    while !is_gone(&supervisor) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stand.server.reported(run).is_empty());
    std::fs::write(stand.path("go"), "").unwrap();
    written(&stand.path("done")).await;
    stand.server.until_released(run).await;
    let message = "the flow-run process ended in a way the system does not tell; it printed nothing";
    assert_eq!(stand.server.reported(run), [("Failed".to_owned(), message.to_owned())]);
    agent.drained().await;
}

#[tokio::test]
async fn a_process_that_heeds_the_interrupt_ends_in_its_own_way() {
    let stand = Stand::new(
        "trap 'echo tidied > tidied; exit 0' INT\necho ready > ready; while :; do sleep 0.05; done",
    )
    .await;
    let agent = stand.agent(Duration::from_secs(30));
    let run = stand.server.queue_run(1, &json!({}));
    written(&stand.path("ready")).await;
    let begun = std::time::Instant::now();
    stand.cancel(run);
    stand.server.until_released(run).await;
    assert_eq!(written(&stand.path("tidied")).await, "tidied\n");
    assert!(begun.elapsed() < Duration::from_secs(10), "it did not need its grace");
    agent.drained().await;
}

#[tokio::test]
async fn what_the_leader_leaves_behind_is_ended_with_it() {
    // As Prefect's heartbeat process, which would keep a dead run looking alive.
    let stand = Stand::new("sleep 1000 & echo $! > pid; kill -KILL $$").await;
    let agent = stand.agent(Duration::from_secs(5));
    let run = stand.server.queue_run(1, &json!({}));
    let pid = written(&stand.path("pid")).await;
    stand.server.until_released(run).await;
    assert!(is_gone(&pid));
    agent.drained().await;
}

#[tokio::test]
async fn killing_the_agents_work_kills_the_processes() {
    let stand =
        Stand::new("trap '' INT TERM\necho $$ > pid.part; mv pid.part pid; while :; do sleep 1000; done")
            .await;
    let agent = stand.agent(Duration::from_mins(1));
    let run = stand.server.queue_run(1, &json!({}));
    let pid = written(&stand.path("pid")).await;
    agent.ask(Shutdown::Kill);
    agent.ended().await.unwrap();
    assert!(is_gone(&pid));
    assert_eq!(stand.server.reported(run)[0].0, "Failed");
}

#[tokio::test]
async fn a_working_directory_that_is_not_there_is_a_clear_failure() {
    let stand = Stand::new("exit 0").await;
    let agent = stand.agent(Duration::from_secs(5));
    let run_config = json!({"type": "LocalRun", "working_dir": "/no/such/place"});
    let run = stand.server.queue_run(1, &json!({"run_config": run_config}));
    stand.server.until_claimed(run).await;
    stand.server.until_released(run).await;
    let reported = stand.server.reported(run);
    assert!(reported[0].1.contains("/no/such/place"), "{reported:?}");
    agent.drained().await;
}

#[tokio::test]
async fn an_agent_without_prefect_refuses_to_start_and_says_what_to_do() {
    let server = FakeServer::start().await;
    let command = PrefectCommand::Program("no-such-prefect".into());
    let local = Local::new(LocalConfig { command, ..LocalConfig::default() });
    let (_shutdown, asked) = tokio::sync::watch::channel(Shutdown::No);
    let error = Agent::new(config(&server), local).run(asked).await.unwrap_err();
    assert!(matches!(error, AgentError::Executor(_)));
    let text = error.to_string();
    assert!(text.contains("no-such-prefect") && text.contains("pip install"), "{text}");
    assert!(server.with(|records| records.registrations.is_empty()));
}

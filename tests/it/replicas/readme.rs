//! The five lines of README.md that lead from SQLite to PostgreSQL, Redis and two replicas, done as they stand there.

use super::{agent, answer, ask, claim, hints};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;
use signalbox_tests::binary::{signalbox, workspace};
use signalbox_tests::redis::free_address;
use signalbox_tests::{Client, Scene};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How the lines begin in README.md; they end with the block of code they stand in.
const FIRST_LINE: &str = "createuser signalbox";
const LIMIT: Duration = Duration::from_mins(1);

fn lines() -> Vec<String> {
    let readme = std::fs::read_to_string(workspace().join("README.md")).expect("there is a README.md");
    let lines: Vec<String> = readme
        .lines()
        .skip_while(|line| !line.starts_with(FIRST_LINE))
        .take_while(|line| *line != "```")
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 5, "README.md promises five lines: {lines:?}");
    lines
}

/// A process with all that it started; ended together.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).expect("a process id is a small number");
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// An empty PostgreSQL server, with nothing in it that the lines would make; and its port. It ends with its input.
fn postgres() -> (Child, u16) {
    let mut server = Command::new(workspace().join("scripts/throwaway/postgres.sh"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script can be started");
    let mut url = String::new();
    let output = server.stdout.take().expect("standard output is piped");
    BufReader::new(output).read_line(&mut url).expect("a script's output is text");
    let port = url.rsplit([':', '/']).nth(1).and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("no server was started: {url:?}"));
    let dropped = Command::new("dropuser")
        .args(["-h", "127.0.0.1", "-p", &u16::to_string(&port), "-U", "postgres", "signalbox"])
        .status();
    assert!(dropped.expect("PostgreSQL's programs are installed").success());
    (server, port)
}

fn run(lines: &[String], home: &Path, ports: [(&str, u16); 4]) -> Group {
    let binaries = signalbox().parent().expect("a file lies in a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let script = format!("{}\nwait", lines.join("\n"));
    let child = Command::new("bash")
        .args(["-e", "-c", &script])
        .envs(ports.map(|(name, port)| (name, port.to_string())))
        .env("PATH", format!("{binaries}:{path}"))
        .env("PGHOST", "127.0.0.1")
        .env("PGUSER", "postgres")
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn();
    Group(child.expect("bash is installed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn five_lines_lead_to_two_replicas() {
    let (mut postgres, postgres_port) = postgres();
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let [one, two, redis] = [(); 3].map(|()| free_address());
    let ports = [
        ("PGPORT", postgres_port),
        ("REDIS_PORT", redis.port()),
        ("FIRST_PORT", one.port()),
        ("SECOND_PORT", two.port()),
    ];
    let group = run(&lines(), home.path(), ports);
    until_ready(one).await;
    until_ready(two).await;
    let (here, there) = (Client::new(one, None), Client::new(two, None));
    let scene = Scene::set(here, 1).await;
    let agent = agent(&there, "on the second").await;
    let mut waiting = ask(&there, &claim(&agent, 1, 25_000, &json!([]))).await;
    let run = scene.flow_run().await;
    let claimed = answer(&mut waiting).await;
    assert_eq!(claimed["claim_flow_runs"]["runs"][0]["flow_run_id"], json!(run));
    drop(group);
    drop(postgres.stdin.take());
    let _ = postgres.wait();
}

async fn until_ready(address: SocketAddr) {
    let deadline = Instant::now() + LIMIT;
    while hints(address).await.as_deref() != Some("ok") {
        assert!(Instant::now() < deadline, "no replica on {address} whose hints cross");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

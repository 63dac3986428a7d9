//! A real server for one test: the binary on a free port, on a database of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use signalbox_backing::Backing;

use crate::binary;
use crate::client::Client;
use crate::redis::RedisServer;

const START_LIMIT: Duration = Duration::from_mins(1);
const REDIS: &str = "SIGNALBOX_REDIS_URL";
const LISTENING: &str = "Signalbox is listening on http://";

/// A running server. When it is dropped the process is killed, and a panic in its log fails the test.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    variables: Vec<(String, String)>,
    backing: Arc<Backing>,
    /// Beside PostgreSQL, unless the test has its own.
    _redis: Option<RedisServer>,
}

impl TestServer {
    /// Starts a server with default settings.
    ///
    /// # Panics
    /// When it does not say within a minute that it listens.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these environment variables besides its own.
    ///
    /// # Panics
    /// When it does not say within a minute that it listens.
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(Backing::new()), variables)
    }

    /// Starts a server that stores in `backing`, beside others perhaps. The variables win over those of the backing.
    ///
    /// # Panics
    /// When it does not say within a minute that it listens.
    pub fn start_on(backing: Arc<Backing>, variables: &[(&str, &str)]) -> Self {
        let mut variables: Vec<_> =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let has_own = variables.iter().any(|(name, _)| name == REDIS);
        let redis = (backing.is_postgres() && !has_own).then(RedisServer::start);
        variables.extend(redis.as_ref().map(|redis| (REDIS.to_owned(), redis.url())));
        let log = Arc::default();
        let (child, address, reader) = spawn(&backing, 0, &variables, &log);
        Self { address, child, log, reader: Some(reader), variables, backing, _redis: redis }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of whatever it keeps on disk.
    pub fn folder(&self) -> &std::path::Path {
        self.backing.folder()
    }

    /// What it stores in.
    pub fn backing(&self) -> &Backing {
        &self.backing
    }

    /// A client without a key: on a loopback address that is the default tenant.
    pub fn client(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A client that differs only by its key.
    pub fn client_with_key(&self, key: &str) -> Client {
        Client::new(self.address, Some(key.to_owned()))
    }

    /// Ends the process at once, as `kill -9` does. Nothing is flushed.
    ///
    /// # Panics
    /// When the process cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of this process can be killed");
        self.child.wait().expect("a killed child ends");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading a log does not fail");
        }
    }

    /// Starts the process again on the same files and the same port, after [`Self::kill`].
    ///
    /// # Panics
    /// When it does not say within a minute that it listens.
    pub fn restart(&mut self) {
        let (child, address, reader) = spawn(&self.backing, self.address.port(), &self.variables, &self.log);
        assert_eq!(address, self.address, "the server listens elsewhere after the restart");
        self.child = child;
        self.reader = Some(reader);
    }

    /// Memory the process holds now, in megabytes of 1,000,000 bytes.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn resident_megabytes(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// The most memory the process has held since it started, in megabytes of 1,000,000 bytes.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn peak_megabytes(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the server runs");
        let line =
            status.lines().find_map(|line| line.strip_prefix(field)).expect("Linux tells a process's memory");
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("Linux tells it in kB");
        kibibytes * 1024.0 / 1e6
    }

    /// What it has logged so far.
    ///
    /// # Panics
    /// Never: the log's reader does not panic while it holds the log.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log's reader does not panic").clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
        let log = self.log();
        if std::thread::panicking() {
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the server's last log lines");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        } else {
            assert!(!log.contains("panicked at"), "the server panicked:\n{log}");
        }
    }
}

fn spawn(
    backing: &Backing,
    port: u16,
    variables: &[(String, String)],
    log: &Arc<Mutex<String>>,
) -> (Child, SocketAddr, JoinHandle<()>) {
    let mut child = Command::new(binary::signalbox())
        .args(["server", "start", "--host", "127.0.0.1", "--port", &port.to_string()])
        .envs(backing.variables())
        .env("SIGNALBOX_DATA_DIR", backing.folder())
        .env("SIGNALBOX_LOG", "warn")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let stderr = child.stderr.take().expect("standard error is piped");
    let stdout = child.stdout.take().expect("standard output is piped");
    let reader = follow(stderr, Arc::clone(log));
    let Some(address) = listening_address(stdout) else {
        let _ = child.kill();
        let _ = reader.join();
        panic!("the server does not listen:\n{}", log.lock().expect("the log's reader does not panic"));
    };
    (child, address, reader)
}

fn follow(mut stderr: ChildStderr, log: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut chunk) {
            let text = String::from_utf8_lossy(&chunk[..length]).into_owned();
            log.lock().expect("nobody panics while holding the log").push_str(&text);
        }
    })
}

/// Reads the line that tells the address; the thread then drains the pipe so that the server never blocks on it.
fn listening_address(stdout: ChildStdout) -> Option<SocketAddr> {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(LISTENING) {
                let _ = found.send(address.trim().parse().ok());
            }
        }
    });
    address.recv_timeout(START_LIMIT).ok().flatten()
}

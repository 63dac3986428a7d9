//! A Redis server for one test: Debian's, on a free port, in a temporary folder, writing nothing down.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Redis server; ended when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl RedisServer {
    /// Starts a server.
    ///
    /// # Panics
    /// When it does not answer within half a minute; most likely `redis-server` is not installed.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let address = free_address();
        let mut server = Self { address, child: spawn(address, &folder), folder };
        // Somebody else may take the port between the question and the start; then another one is tried.
        for _ in 0..5 {
            if server.answers() {
                return server;
            }
            server.kill();
            server.address = free_address();
            server.child = spawn(server.address, &server.folder);
        }
        panic!("redis-server does not start on any port");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that a Signalbox server is given.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Ends it at once; what it knew is gone.
    ///
    /// # Panics
    /// When the process cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of this process can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Starts it again on the same port, after [`Self::kill`].
    ///
    /// # Panics
    /// When it does not answer within half a minute.
    pub fn restart(&mut self) {
        self.child = spawn(self.address, &self.folder);
        assert!(self.answers(), "Redis does not come back on {}", self.address);
    }

    /// Stops its process where it is: connections stay open, and nothing answers.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id is a small number");
        kill(Pid::from_raw(pid), signal).expect("a child of this process can be signalled");
    }

    /// Waits until it answers; false when the process ended instead.
    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if ping(self.address).is_ok_and(|answered| answered) {
                return true;
            }
            if self.child.try_wait().expect("a child of this process can be asked after").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(address: SocketAddr, folder: &TempDir) -> Child {
    Command::new("redis-server")
        .args([
            "--bind",
            "127.0.0.1",
            "--port",
            &address.port().to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed (Debian: apt-get install redis-server)")
}

fn ping(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}

/// An address of this machine on which nobody listens at the moment.
///
/// # Panics
/// When the system has no port left.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address")
}

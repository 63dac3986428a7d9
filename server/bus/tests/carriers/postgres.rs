//! A PostgreSQL server for one test: Debian's, on a free port, in a temporary folder.

use signalbox_tests::redis::free_address;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

#[derive(Debug)]
pub struct PostgresServer {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl PostgresServer {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // The server refuses to run as root.
        run(Command::new("chown").arg("postgres").arg(folder.path()));
        let data = folder.path().join("data");
        let mut initdb = program("initdb");
        initdb.args(["-U", "signalbox", "-A", "trust", "-N", "-D"]).arg(&data).stdout(Stdio::null());
        run(&mut initdb);
        let address = free_address();
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).args(["-p", &address.port().to_string(), "-k", "", "-F"]);
        let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("PostgreSQL is installed");
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { address, child, _folder: folder }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        url_at(self.address)
    }
}

pub fn url_at(address: SocketAddr) -> String {
    format!("postgres://signalbox@{address}/postgres")
}

fn run(command: &mut Command) {
    let status = command.status().expect("PostgreSQL is installed");
    assert!(status.success(), "{command:?}: {status}");
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // The child is runuser; it hands the signal on.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(format!("{PROGRAMS}/{name}"));
    command
}

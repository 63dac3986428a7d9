//! The server's process: starting it in a temporary folder, and what the kernel says it uses.
//! No request of a scenario is made here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::database::Database;
use crate::http::{Connection, Request};

/// Linux reports CPU time in hundredths of a second to every program (`USER_HZ`, fixed by its interface).
const TICKS_PER_SECOND: f64 = 100.0;
const START_LIMIT: Duration = Duration::from_secs(30);
const LISTENING: &str = "Signalbox is listening on http://";

/// A server that this program started.
#[derive(Debug)]
pub struct Server {
    /// Where it answers.
    pub address: SocketAddr,
    /// From starting the process to `GET /readyz` answering 200.
    pub ready_after: Duration,
    binary: PathBuf,
    child: Child,
    database: Database,
}

impl Server {
    /// Starts the binary on a free port and this database, and waits until it is ready.
    pub async fn start(binary: &Path, database: Database) -> Result<Self> {
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["server", "start", "--host", "127.0.0.1", "--port", "0", "--database-url"])
            .arg(&database.url)
            .env("SIGNALBOX_DATA_DIR", database.folder.path())
            .env("SIGNALBOX_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let address = timeout(START_LIMIT, listening_address(&mut child))
            .await
            .context("the server did not say that it listens")??;
        timeout(START_LIMIT, ready(address)).await.context("the server did not become ready")??;
        Ok(Self { address, ready_after: began.elapsed(), binary: binary.to_owned(), child, database })
    }

    /// Ends the process and starts it again on the same database.
    pub async fn restart(self) -> Result<Self> {
        let binary = self.binary.clone();
        Self::start(&binary, self.stop().await?).await
    }

    /// Ends the process; its database stays.
    pub async fn stop(mut self) -> Result<Database> {
        self.child.kill().await.context("ending the server")?;
        Ok(self.database)
    }

    /// The id of its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

async fn listening_address(child: &mut Child) -> Result<SocketAddr> {
    let stdout = child.stdout.take().context("the server's output is not piped")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, address)) = line.split_once(LISTENING) {
            return address.trim().parse().with_context(|| format!("no address in: {line}"));
        }
    }
    bail!("the server ended before it listened")
}

async fn ready(address: SocketAddr) -> Result<()> {
    let request = Request::get(address, "/readyz");
    loop {
        let mut connection = Connection::to(address);
        if connection.exchange(request.bytes()).await?.status == 200 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// CPU time a process has used so far, in seconds.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading the server's CPU time")?;
    parse_cpu_seconds(&stat).with_context(|| format!("no CPU time in: {stat}"))
}

/// Fields 14 and 15 of proc(5) `stat` are user and system time; the second field may hold spaces, in parentheses.
fn parse_cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// Memory a process holds now (resident set), in megabytes of 1,000,000 bytes.
pub fn resident_megabytes(pid: u32) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading the server's memory")?;
    parse_resident_megabytes(&status).context("no VmRSS in /proc/<pid>/status")
}

fn parse_resident_megabytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_a_name_with_spaces() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 5 0 100";
        assert_eq!(parse_cpu_seconds(stat), Some(2.0));
        assert_eq!(parse_cpu_seconds("77 (x) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_kibibytes() {
        assert_eq!(parse_resident_megabytes("VmPeak: 9 kB\nVmRSS:\t  1000 kB\n"), Some(1.024));
        assert_eq!(parse_resident_megabytes("VmPeak: 9 kB"), None);
    }
}

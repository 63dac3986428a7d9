//! What the load generator can be told on its command line. No behaviour belongs here.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::database::Engine;
use crate::scenario::Kind;

/// Drives a Signalbox server over real HTTP/1.1 and prints what it can do.
#[derive(Debug, Parser)]
#[command(name = "signalbox-bench", version)]
pub struct Args {
    /// The server's binary; it is started on a free port in a temporary folder. Use a release build.
    /// [default: `signalbox` beside this program]
    #[arg(long, value_name = "PATH", conflicts_with = "api")]
    pub server: Option<PathBuf>,

    /// Which database the servers use that this program starts.
    #[arg(long, value_enum, default_value_t = Engine::Sqlite, conflicts_with = "api")]
    pub database: Engine,

    /// A server that already runs, for example 127.0.0.1:4200. Start-up and the agent are then not measured.
    #[arg(long, value_name = "HOST:PORT")]
    pub api: Option<SocketAddr>,

    /// The process to read CPU time and memory of, when the server was started elsewhere.
    #[arg(long, requires = "api")]
    pub pid: Option<u32>,

    /// How many callers send requests at the same time, each waiting for its answer.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub callers: u16,

    /// How long each scenario is measured, in seconds.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,

    /// How long each scenario runs before measuring begins, in seconds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub warm_up: u64,

    /// Whether every request opens a connection (as the stock client does), or connections are kept.
    #[arg(long, value_enum, default_value_t = Modes::Both)]
    pub mode: Modes,

    /// Only these scenarios (may be given several times); otherwise all.
    #[arg(long, value_enum, value_name = "SCENARIO")]
    pub only: Vec<Kind>,

    /// How many runs wait far in the future while the queue is polled.
    #[arg(long, default_value_t = 10_000)]
    pub queue_depth: u32,

    /// How many runs are started one after another through our agent; 0 leaves this out.
    #[arg(long, default_value_t = 100)]
    pub agent_runs: u32,

    /// How many runs dashboards look at; they are put straight into the database. 0 leaves dashboards out.
    #[arg(long, default_value_t = 1_000_000)]
    pub dashboard_runs: u64,

    /// Only dashboards.
    #[arg(long, conflicts_with_all = ["api", "only"])]
    pub only_dashboards: bool,

    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Which ways of connecting to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Modes {
    /// A new connection for each request.
    Connect,
    /// One connection for each caller.
    KeepAlive,
    /// First the one, then the other.
    Both,
}

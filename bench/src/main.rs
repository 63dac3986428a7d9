//! `signalbox-bench`: drives a Signalbox server over real HTTP/1.1 and prints rates, latencies, CPU and memory
//! beside the marks the project has set itself. It knows the server only through its API.

mod args;
mod database;
mod fill;
mod http;
mod latency;
mod report;
mod scenario;
mod seed;
mod server;
mod stub;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::args::{Args, Modes};
use crate::database::{Database, Databases};
use crate::report::{Figure, Rate, Report};
use crate::scenario::drive::{Transport, Window, measure};
use crate::scenario::look::Look;
use crate::scenario::{Kind, schedules, start_delay};
use crate::seed::{Api, Stage};
use crate::server::Server;

const START_MARK_MS: f64 = 300.0;
const IDLE_MEMORY_MARK_MB: f64 = 60.0;
/// How often the server is started; the median is reported.
const STARTS: u32 = 5;
/// How long the server is left alone before its memory and CPU time at rest are read.
const REST: Duration = Duration::from_secs(3);

fn main() -> Result<ExitCode> {
    if stub::is_called() {
        return stub::run().map(|()| ExitCode::SUCCESS);
    }
    let args = Args::parse();
    // One thread: the fewer cores the generator takes, the more of the machine is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(&args))?;
    println!("{}", report.table());
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)? + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(args: &Args) -> Result<Report> {
    let mut report = Report {
        database: args.api.is_none().then(|| args.database.name()),
        callers: args.callers,
        seconds: args.seconds,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rates: Vec::new(),
        looks: Vec::new(),
        figures: Vec::new(),
    };
    match args.api {
        None => {
            let beside = std::env::current_exe()?.with_file_name("signalbox");
            let binary = args.server.as_deref().unwrap_or(&beside);
            let mut databases = Databases::of(args.database).await?;
            if !args.only_dashboards {
                let server = rested_server(binary, &mut databases, &mut report.figures).await?;
                let (stage, mut api) = stage(server.address, args).await?;
                rates(&mut api, &stage, args, server.pid(), &mut report.rates).await?;
                // Servers of their own, so that delays are not those of a database full of other scenarios' due runs.
                drop(server);
                if args.agent_runs > 0 {
                    report.figures.extend(agent_delay(binary, databases.fresh().await?, args).await?);
                }
                if Kind::chosen(args).contains(&Kind::Schedules) {
                    report.figures.extend(scheduling_delay(binary, databases.fresh().await?, args).await?);
                }
            }
            if args.dashboard_runs > 0 && args.only.is_empty() {
                looks(binary, databases.fresh().await?, args, &mut report).await?;
            }
        }
        Some(address) => {
            let (stage, mut api) = stage(address, args).await?;
            rates(&mut api, &stage, args, args.pid, &mut report.rates).await?;
        }
    }
    Ok(report)
}

/// What dashboards wait for, over a database that was filled while the server was stopped.
async fn looks(binary: &Path, database: Database, args: &Args, report: &mut Report) -> Result<()> {
    // Makes the schema and the tenant.
    let server = Server::start(binary, database).await?;
    let (mut stage, _) = stage(server.address, args).await?;
    let database = server.stop().await?;
    let began = std::time::Instant::now();
    let now = u64::try_from(seed::nanoseconds_now() / 1_000_000)?;
    fill::fill(&database, args.dashboard_runs, now).await.context("filling the database")?;
    eprintln!("{} runs filled in within {:.0} s", args.dashboard_runs, began.elapsed().as_secs_f64());
    let server = Server::start(binary, database).await?;
    stage.target = server.address;
    let window =
        Window { warm_up: Duration::from_secs(args.warm_up), measured: Duration::from_secs(args.seconds) };
    for look in Look::ALL {
        let callers = look.callers(&stage);
        let observed = measure(stage.target, callers, Transport::KeepAlive, window, server.pid()).await?;
        eprintln!("{} measured", look.name());
        report.looks.push(report::Latency::of(look, observed));
    }
    Ok(())
}

async fn stage(address: SocketAddr, args: &Args) -> Result<(Stage, Api)> {
    let mut api = Api::at(address);
    let stage = api.prepare(args.callers, args.seconds + args.warm_up).await?;
    Ok((stage, api))
}

/// Start-up on an empty and on an existing database, and what the server takes while nothing happens.
async fn rested_server(
    binary: &Path,
    databases: &mut Databases,
    figures: &mut Vec<Figure>,
) -> Result<Server> {
    let mut fresh = latency::Latencies::default();
    let mut existing = latency::Latencies::default();
    let mut server = Server::start(binary, databases.fresh().await?).await?;
    for start in 1..=STARTS {
        fresh.record(server.ready_after);
        server = server.restart().await?;
        existing.record(server.ready_after);
        if start < STARTS {
            server = Server::start(binary, databases.fresh().await?).await?;
        }
    }
    let [fresh] = fresh.quantiles([0.5]);
    let [existing] = existing.quantiles([0.5]);
    figures.push(Figure::new("start to ready, empty database", "ms", fresh, Some(START_MARK_MS)));
    figures.push(Figure::new("start to ready, existing database", "ms", existing, Some(START_MARK_MS)));
    let pid = server.pid().context("the server has ended")?;
    let before = server::cpu_seconds(pid)?;
    tokio::time::sleep(REST).await;
    let cpu = (server::cpu_seconds(pid)? - before) * 100.0 / REST.as_secs_f64();
    figures.push(Figure::new(
        "idle memory (RSS)",
        "MB",
        server::resident_megabytes(pid)?,
        Some(IDLE_MEMORY_MARK_MB),
    ));
    figures.push(Figure::new("idle CPU", "%", cpu, None));
    Ok(server)
}

async fn rates(
    api: &mut Api,
    stage: &Stage,
    args: &Args,
    pid: Option<u32>,
    rates: &mut Vec<Rate>,
) -> Result<()> {
    let transports: &[Transport] = match args.mode {
        Modes::Connect => &[Transport::Connect],
        Modes::KeepAlive => &[Transport::KeepAlive],
        Modes::Both => &[Transport::Connect, Transport::KeepAlive],
    };
    let window =
        Window { warm_up: Duration::from_secs(args.warm_up), measured: Duration::from_secs(args.seconds) };
    for kind in Kind::chosen(args).into_iter().filter(|kind| *kind != Kind::Schedules) {
        for &transport in transports {
            let callers =
                kind.callers(api, stage, args).await.with_context(|| format!("preparing {}", kind.name()))?;
            let observed = measure(stage.target, callers, transport, window, pid).await?;
            let rate = Rate::of(kind, transport, observed);
            eprintln!("{} ({transport:?}) measured", kind.name());
            rates.push(rate);
        }
    }
    Ok(())
}

async fn scheduling_delay(binary: &Path, database: Database, args: &Args) -> Result<[Figure; 2]> {
    let server = Server::start(binary, database).await?;
    let (stage, mut api) = stage(server.address, args).await?;
    let delays = schedules::measure(&mut api, &stage).await?;
    Ok(Figure::scheduling_delay(delays, schedules::MARKS_MS))
}

async fn agent_delay(binary: &Path, database: Database, args: &Args) -> Result<[Figure; 2]> {
    let server = Server::start(binary, database).await?;
    let (stage, mut api) = stage(server.address, args).await?;
    let delays = start_delay::measure(binary, &mut api, &stage, args.agent_runs).await?;
    Ok(Figure::start_delay(delays, start_delay::MARK_P50_MS))
}

//! From sending `create_flow_run` to the start of the user's process through our own agent, one run after another.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::latency::Latencies;
use crate::seed::{Api, Stage, nanoseconds_now};
use crate::stub;

/// The median to stay under, in milliseconds.
pub const MARK_P50_MS: f64 = 30.0;
const LABEL: &str = "bench-agent";
const WARM_UP_RUNS: u32 = 5;
const LIMIT: Duration = Duration::from_secs(30);

/// Starts an agent beside the server and measures `runs` runs.
pub async fn measure(binary: &Path, api: &mut Api, stage: &Stage, runs: u32) -> Result<Latencies> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let report_to = socket.local_addr()?.to_string();
    let mut agent = start_agent(binary, stage)?;
    timeout(LIMIT, registered(api)).await.context("the agent did not register")??;
    let mut delays = Latencies::default();
    for number in 0..WARM_UP_RUNS + runs {
        let delay = one_run(api, stage, &socket, &report_to).await?;
        if number >= WARM_UP_RUNS {
            delays.record(delay);
        }
    }
    agent.kill().await.context("ending the agent")?;
    Ok(delays)
}

fn start_agent(binary: &Path, stage: &Stage) -> Result<Child> {
    Command::new(binary)
        .args(["agent", "start", "local", "--name", "bench", "--label", LABEL, "--api"])
        .arg(format!("http://{}", stage.target))
        .arg("--prefect-command")
        .arg(std::env::current_exe()?)
        .env("SIGNALBOX_LOG", "warn")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting the agent")
}

async fn registered(api: &mut Api) -> Result<()> {
    let document = format!("query {{ agent(where: {{ labels: {{ _contains: [\"{LABEL}\"] }} }}) {{ id }} }}");
    loop {
        if api.call(&document, &Value::Null).await?["agent"].as_array().is_some_and(|rows| !rows.is_empty()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn one_run(api: &mut Api, stage: &Stage, socket: &UdpSocket, report_to: &str) -> Result<Duration> {
    let run_config = json!({
        "type": "LocalRun", "labels": [LABEL], "working_dir": null, "env": {stub::REPORT_TO: report_to},
        "__version__": "1.4.1",
    });
    let sent = nanoseconds_now();
    let further =
        json!({"labels": [LABEL], "run_config": run_config, "idempotency_key": format!("start-{sent}")});
    let flow_run = api.create_flow_run(&stage.single, further).await?;
    let mut datagram = [0; 128];
    let length = timeout(LIMIT, socket.recv(&mut datagram)).await.context("the run was not started")??;
    let text = std::str::from_utf8(&datagram[..length])?;
    let (started, reported) = text.split_once(' ').context("a report without a run")?;
    ensure!(reported == flow_run, "run {reported} started while {flow_run} was awaited");
    let started: u128 = started.parse()?;
    timeout(LIMIT, succeeded(api, &flow_run)).await.context("the run did not end")??;
    Ok(Duration::from_nanos(u64::try_from(started.saturating_sub(sent))?))
}

/// Waits for the run's end, so that the next run finds the agent waiting.
async fn succeeded(api: &mut Api, flow_run: &str) -> Result<()> {
    let document = format!("query {{ flow_run_by_pk(id: \"{flow_run}\") {{ state }} }}");
    loop {
        let data = api.call(&document, &Value::Null).await?;
        match data["flow_run_by_pk"]["state"].as_str() {
            Some("Success") => return Ok(()),
            Some("Failed" | "Cancelled") => {
                anyhow::bail!("the run ended as {}", data["flow_run_by_pk"]["state"])
            }
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

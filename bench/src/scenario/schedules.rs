//! From the time a schedule names to the claim of the run by an agent that waits, among many active schedules. The
//! agent is this program: it asks as ours does, and reports the end of what it gets on another connection.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::latency::Latencies;
use crate::seed::{Api, Stage, id_of, nanoseconds_now, state, task};

/// The median and the 99th percentile to stay under, in milliseconds.
pub const MARKS_MS: [f64; 2] = [20.0, 100.0];
/// How many flows have an active schedule.
const FLOWS: u32 = 10_000;
/// How often each of them runs: 16 to 17 runs a second in all.
const EVERY: Duration = Duration::from_mins(10);
/// How many runs are measured.
const SAMPLES: usize = 1_500;
/// How many connections register flows.
const REGISTRARS: u32 = 4;
const LABEL: &str = "bench-schedules";

/// Registers the flows and measures.
pub async fn measure(api: &mut Api, stage: &Stage) -> Result<Latencies> {
    let tenant = &stage.tenant_id;
    let input =
        json!({"name": format!("schedules-{}", nanoseconds_now()), "description": null, "tenant_id": tenant});
    let project = id_of(&api.mutate("create_project", input, "id").await?)?;
    let mut registrars = tokio::task::JoinSet::new();
    for registrar in 0..REGISTRARS {
        registrars.spawn(register(stage.target, project.clone(), registrar));
    }
    while let Some(done) = registrars.join_next().await {
        done??;
    }
    eprintln!("{FLOWS} schedules are active");
    let agent = json!({"type": "LocalAgent", "name": "schedules", "labels": [LABEL], "tenant_id": tenant});
    let agent = id_of(&api.mutate("register_agent", agent, "id").await?)?;
    let (ended, to_end) = mpsc::unbounded_channel();
    let reporter = tokio::spawn(report(stage.target, to_end));
    let delays = claim(api, &agent, ended).await?;
    reporter.await??;
    Ok(delays)
}

/// Every `REGISTRARS`th flow.
async fn register(target: SocketAddr, project: String, registrar: u32) -> Result<()> {
    let mut api = Api::at(target);
    for number in (registrar..FLOWS).step_by(REGISTRARS as usize) {
        // Spread over the interval, so that runs come due one after another.
        let start = EVERY * number / FLOWS;
        let (minutes, seconds, millis) = (start.as_secs() / 60, start.as_secs() % 60, start.subsec_millis());
        let clock = json!({
            "type": "IntervalClock", "interval": u64::try_from(EVERY.as_micros())?, "end_date": null,
            "start_date": {"dt": format!("2026-01-01T00:{minutes:02}:{seconds:02}.{millis:03}000"), "tz": "UTC"},
            "parameter_defaults": {}, "labels": null, "__version__": "1.4.1",
        });
        let name = format!("scheduled-{number}");
        let serialized = json!({
            "name": name, "type": "prefect.core.flow.Flow", "parameters": [], "reference_tasks": [],
            "schedule": {"clocks": [clock], "filters": [], "or_filters": [], "not_filters": [], "adjustments": []},
            "tasks": [task(0)], "edges": [], "run_config": {"type": "LocalRun", "labels": [LABEL]},
            "storage": {"type": "Local", "flows": {name: "bench"}, "secrets": []}, "__version__": "1.4.1",
        });
        let input = json!({
            "project_id": project, "serialized_flow": serialized, "set_schedule_active": true,
            "version_group_id": null,
        });
        api.mutate("create_flow", input, "id").await?;
    }
    Ok(())
}

/// Claims until there are enough samples. Runs that came due before it began are no samples: nobody waited then.
async fn claim(api: &mut Api, agent: &str, ended: mpsc::UnboundedSender<Value>) -> Result<Latencies> {
    let selection = "runs { flow_run_id scheduled_start_time lease_token }";
    let input = json!({"agent_id": agent, "labels": [LABEL], "slots": 100, "wait_ms": 25_000, "held": []});
    let mut delays = Latencies::default();
    let mut begun = None;
    while delays.len() < SAMPLES {
        let claimed = api.mutate("claim_flow_runs", input.clone(), selection).await?;
        let now = i64::try_from(nanoseconds_now() / 1_000)?;
        let runs = claimed["runs"].as_array().context("no list of runs")?.clone();
        for run in runs {
            let due = run["scheduled_start_time"].as_str().context("a run without a time")?;
            let due = chrono::DateTime::parse_from_rfc3339(due)?.timestamp_micros();
            if begun.is_some_and(|begun| due > begun) {
                delays.record(Duration::from_micros(u64::try_from((now - due).max(0))?));
            }
            ended.send(run).context("the reporter has ended")?;
        }
        // The first answer with few runs is the end of the backlog.
        begun =
            begun.or_else(|| (claimed["runs"].as_array().is_some_and(|runs| runs.len() < 5)).then_some(now));
    }
    Ok(delays)
}

/// Reports the end of runs, one after another.
async fn report(target: SocketAddr, mut runs: mpsc::UnboundedReceiver<Value>) -> Result<()> {
    let mut api = Api::at(target);
    while let Some(run) = runs.recv().await {
        for kind in ["Running", "Success"] {
            let state = json!({
                "flow_run_id": run["flow_run_id"], "version": null, "state": state(kind, "Bench."),
                "lease_token": run["lease_token"],
            });
            let input = json!({ "states": [state] });
            api.mutate("set_flow_run_states", input, "states { id }").await?;
        }
    }
    Ok(())
}

//! `write_run_logs` in batches of 100 lines, each line different from every other.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Caller, Callers};
use crate::http::{Answer, Request, Slot};
use crate::seed::{Api, Stage};

/// Lines in one request.
pub const BATCH_LINES: f64 = 100.0;
const LINES: u64 = 100;
const DOCUMENT: &str = "mutation($input: write_run_logs_input!) {\n    write_run_logs(input: $input) {\n        success\n    }\n}";

struct Logging {
    request: Request,
    /// Of each line, its time and its number.
    slots: Vec<(Slot, Slot)>,
    next_line: u64,
}

impl Caller for Logging {
    fn next(&mut self) -> Option<&[u8]> {
        for (time, number) in &self.slots {
            self.request.fill(time, &time_of(self.next_line));
            self.request.fill_number(number, self.next_line);
            self.next_line += 1;
        }
        Some(self.request.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"success\":true")
    }
}

/// Each caller writes the log of a flow run of its own, each line about a task run.
pub async fn callers(api: &mut Api, stage: &Stage) -> Result<Callers> {
    let mut callers: Callers = Vec::new();
    for _ in 0..stage.callers {
        let flow_run = api.create_flow_run(&stage.chain, json!({})).await?;
        api.set_running(&flow_run).await?;
        let lines: Vec<Value> = (0..LINES).map(|line| record(&flow_run, line)).collect();
        let request = Request::graphql(stage.target, &[], DOCUMENT, &json!({"input": {"logs": lines}}));
        let slot = |line| Ok((request.slot(&time_of(line))?, request.slot(&marker(line))?));
        let slots = (0..LINES).map(slot).collect::<Result<_>>()?;
        callers.push(Box::new(Logging { request, slots, next_line: 0 }));
    }
    Ok(callers)
}

/// Twelve digits that tell the lines of one request apart until they are numbered.
fn marker(line: u64) -> String {
    format!("{:012}", 700_000_000_000 + line)
}

/// A line each millisecond, so that times go on as those of a real run do.
fn time_of(line: u64) -> String {
    let (seconds, millis) = (line / 1000, line % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}042", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn record(flow_run: &str, line: u64) -> Value {
    json!({
        "flow_run_id": flow_run, "task_run_id": null, "timestamp": format!("2026-01-01T{}+00:00", time_of(line)),
        "name": "prefect.step", "level": "INFO",
        "message": format!("Processed record {} of the nightly import in 0.042 seconds", marker(line)),
    })
}

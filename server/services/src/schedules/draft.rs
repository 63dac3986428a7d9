//! Which runs a flow lacks. Pure, but not always quick: a schedule may look at thousands of candidates.

use crate::flow_runs::{CreateFlowRun, FlowRef};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::schedule::{Existing, RUNS_AHEAD, RunToCreate, Schedule, plan_runs};
use signalbox_schema::FlowId;
use signalbox_storage::repo::schedule::Ahead;

/// The runs that a flow lacks, by the schedule that it had when they were worked out.
#[derive(Debug)]
pub(super) struct Draft {
    pub flow: FlowId,
    pub schedule: Value,
    pub runs: Vec<CreateFlowRun>,
    /// The next start, or why there is none.
    pub next: Result<Option<DateTime<Utc>>, String>,
}

impl Draft {
    /// Works it out at `now`, given what the flow has ahead.
    pub fn new(flow: FlowId, schedule: Value, ahead: &Ahead, now: DateTime<Utc>) -> Self {
        match Schedule::parse(&schedule) {
            Ok(parsed) => {
                let existing = Existing { latest_auto_scheduled: ahead.latest };
                let runs = plan_runs(&parsed, existing, now, RUNS_AHEAD)
                    .into_iter()
                    .filter(|run| !ahead.keys.contains(&run.idempotency_key))
                    .map(|run| command(flow, run))
                    .collect();
                let next = parsed.next(now, 1).first().map(|event| event.start);
                Self { flow, schedule, runs, next: Ok(next) }
            }
            // Without the value, which is the user's.
            Err(error) => {
                let problem = format!("{} must be {}", error.path, error.expected);
                Self { flow, schedule, runs: Vec::new(), next: Err(problem) }
            }
        }
    }
}

fn command(flow: FlowId, run: RunToCreate) -> CreateFlowRun {
    CreateFlowRun {
        flow: FlowRef::Version(flow),
        parameters: Some(run.parameters),
        context: None,
        labels: run.labels,
        run_config: None,
        scheduled_start_time: Some(run.scheduled_start_time),
        name: None,
        idempotency_key: Some(run.idempotency_key),
        priority: None,
        auto_scheduled: true,
    }
}

//! Which runs a flow lacks. Pure, but not always quick: a schedule may look at thousands of candidates.

use crate::flow_runs::{CreateFlowRun, FlowRef};
use chrono::{DateTime, Utc};
use signalbox_core::schedule::{Existing, RunToCreate, Schedule, plan};
use signalbox_schema::FlowId;
use signalbox_storage::repo::schedule::{Ahead, Document};

/// The runs that a flow lacks, by the schedule that it had when they were worked out.
#[derive(Debug)]
pub(super) struct Draft {
    pub flow: FlowId,
    pub document: Document,
    pub runs: Vec<CreateFlowRun>,
    /// The slot up to which it was planned before.
    pub planned_before: Option<DateTime<Utc>>,
    /// The slot up to which the schedule is planned with these runs.
    pub planned_until: Option<DateTime<Utc>>,
    /// How many slots have passed that get no run.
    pub missed: usize,
    /// When the flow has to be looked at again, or why it cannot be planned.
    pub next: Result<Option<DateTime<Utc>>, String>,
}

/// What a flow has, besides its schedule.
#[derive(Debug, Default)]
pub(super) struct Has {
    /// Its runs ahead.
    pub ahead: Ahead,
    /// The slot up to which it was planned.
    pub planned_until: Option<DateTime<Utc>>,
}

impl Draft {
    /// Whether there is something to write.
    pub fn changes_something(&self) -> bool {
        !self.runs.is_empty() || self.missed > 0
    }

    /// Works it out at `now`, given what the flow has.
    pub fn new(flow: FlowId, document: Document, has: &Has, now: DateTime<Utc>) -> Self {
        let parsed = match Schedule::parse(&document.schedule) {
            Ok(parsed) => parsed,
            // Without the value, which is the user's.
            Err(error) => {
                let problem = format!("{} must be {}", error.path, error.expected);
                let (runs, planned_until) = (Vec::new(), has.planned_until);
                let next = Err(problem);
                return Self { flow, document, runs, planned_before: None, planned_until, missed: 0, next };
            }
        };
        let existing = Existing { latest_auto_scheduled: has.ahead.latest, planned_until: has.planned_until };
        let plan = plan(&parsed, &document.policy, existing, now);
        let runs: Vec<CreateFlowRun> = plan
            .runs
            .into_iter()
            .filter(|run| !has.ahead.keys.contains(&run.idempotency_key))
            .map(|run| command(flow, &document, run))
            .collect();
        // A run that is judged when it comes due may do so at another moment than a slot.
        let first_due = runs.iter().filter_map(|run| run.scheduled_start_time).filter(|due| *due > now).min();
        let dues = has.ahead.next_due.into_iter().chain(first_due).filter(|_| document.policy.judges());
        let next = plan.next.into_iter().chain(dues).min();
        Self {
            flow,
            document,
            runs,
            planned_before: has.planned_until,
            planned_until: plan.planned_until,
            missed: plan.missed,
            next: Ok(next),
        }
    }
}

fn command(flow: FlowId, document: &Document, run: RunToCreate) -> CreateFlowRun {
    CreateFlowRun {
        flow: FlowRef::Version(flow),
        parameters: Some(run.parameters),
        context: None,
        labels: run.labels,
        run_config: None,
        scheduled_start_time: Some(document.policy.due(document.group, run.slot)),
        name: None,
        idempotency_key: Some(run.idempotency_key),
        priority: None,
        slot: Some(run.slot),
    }
}

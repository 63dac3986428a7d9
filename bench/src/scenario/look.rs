//! Dashboards over very many runs: lists of the newest, and numbers by state. Few look at once, and what counts is how
//! long the slowest of them wait.

use serde_json::{Value, json};

use super::{Caller, Callers};
use crate::fill::{self, FLOWS, PROJECTS, kind};
use crate::http::{Answer, Request};
use crate::seed::Stage;

/// How many look at the same time.
pub const CALLERS: u16 = 4;
/// What one caller asks for, before it begins again.
const REQUESTS: u64 = 24;

const LIST: &str = "query($where: flow_run_bool_exp!, $order: [flow_run_order_by!]) {
    flow_run(where: $where, order_by: $order, limit: 50) {
        id name state state_message scheduled_start_time start_time end_time
        flow { id name version project { id name } }
    }
}";
const COUNTS: &str = "query($where: flow_run_bool_exp!) {
    all: flow_run_aggregate(where: $where) { aggregate { count } }
    success: flow_run_aggregate(where: { _and: [$where, { state: { _eq: \"Success\" } }] }) { aggregate { count } }
    failed: flow_run_aggregate(where: { _and: [$where, { state: { _eq: \"Failed\" } }] }) { aggregate { count } }
    running: flow_run_aggregate(where: { _and: [$where, { state: { _in: [\"Running\", \"Submitted\"] } }] }) { aggregate { count } }
    scheduled: flow_run_aggregate(where: { _and: [$where, { state: { _eq: \"Scheduled\" } }] }) { aggregate { count } }
}";

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The newest runs in one state.
    OneState,
    /// The newest runs in several states, rare ones and common ones.
    SeveralStates,
    /// Runs in several states, the last created or started first.
    OtherOrders,
    /// The newest runs of a project in two states.
    Project,
    /// The newest runs of a flow.
    Flow,
    /// How many runs there are, altogether and in four states.
    Counts,
    /// The same for a project.
    ProjectCounts,
}

impl Look {
    /// All, in the order of the report.
    pub const ALL: [Self; 7] = [
        Self::OneState,
        Self::SeveralStates,
        Self::OtherOrders,
        Self::Project,
        Self::Flow,
        Self::Counts,
        Self::ProjectCounts,
    ];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneState => "list, one state",
            Self::SeveralStates => "list, several states",
            Self::OtherOrders => "list, by created or start_time",
            Self::Project => "list, a project's",
            Self::Flow => "list, a flow's",
            Self::Counts => "five counts by state",
            Self::ProjectCounts => "five counts, a project's",
        }
    }

    /// Longest time of the 99 in 100 that are served soonest, in milliseconds.
    pub fn mark_p99_ms(self) -> f64 {
        match self {
            Self::Counts | Self::ProjectCounts => 50.0,
            _ => 20.0,
        }
    }

    /// The callers, each of which goes through other states, flows and projects.
    pub fn callers(self, stage: &Stage) -> Callers {
        let caller = |first: u64| {
            let requests = (first..first + REQUESTS).map(|number| self.request(stage, number)).collect();
            Box::new(Looking { requests, next: 0 }) as Box<dyn Caller>
        };
        (0..u64::from(CALLERS)).map(|number| caller(number * 7)).collect()
    }

    fn request(self, stage: &Stage, number: u64) -> Request {
        let (document, variables) = match self {
            Self::Counts | Self::ProjectCounts => (COUNTS, json!({"where": self.condition(number)})),
            _ => (LIST, json!({"where": self.condition(number), "order": self.order(number)})),
        };
        Request::graphql(stage.target, &[], document, &variables)
    }

    fn condition(self, number: u64) -> Value {
        let one = ["Failed", "Success", "Running", "Scheduled", "TimedOut", "Cancelled"];
        let several = [
            json!(["Failed", "TimedOut", "Cancelled"]),
            json!(["Running", "Submitted", "Pending"]),
            json!(["Success", "Failed"]),
            json!(["Scheduled", "Submitted", "Running", "Success", "Failed"]),
        ];
        let pick = |of: usize| usize::try_from(number).unwrap_or(0) % of;
        let project = json!({"project_id": {"_eq": fill::id(kind::PROJECT, 1 + number % PROJECTS)}});
        match self {
            Self::OneState => json!({"state": {"_eq": one[pick(one.len())]}}),
            Self::SeveralStates | Self::OtherOrders => {
                json!({"state": {"_in": several[pick(several.len())]}})
            }
            Self::Project => json!({"flow": project, "state": {"_in": ["Failed", "Running"]}}),
            Self::Flow => json!({"flow_id": {"_eq": fill::id(kind::FLOW, 1 + number * 13 % FLOWS)}}),
            Self::Counts => json!({}),
            Self::ProjectCounts => json!({"flow": project}),
        }
    }

    fn order(self, number: u64) -> Value {
        match self {
            Self::OtherOrders if number.is_multiple_of(2) => json!({"created": "desc"}),
            Self::OtherOrders => json!({"start_time": "desc"}),
            _ => json!({"scheduled_start_time": "desc"}),
        }
    }
}

struct Looking {
    requests: Vec<Request>,
    next: usize,
}

impl Caller for Looking {
    fn next(&mut self) -> Option<&[u8]> {
        self.next += 1;
        Some(self.requests[self.next % self.requests.len()].bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"count\":") || answer.has("\"project\":")
    }
}

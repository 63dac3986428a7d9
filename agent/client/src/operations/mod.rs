//! One file per operation of the agent: its document (from `schema/operations/agent`, checked against the
//! schema by the tests), its input, its answer. Deciding when to send them is the agent's business.

mod claim_flow_runs;
mod flow_run_state;
mod register_agent;
mod release_flow_runs;
mod report_flow_run_exit;
mod set_flow_run_states;
mod tenant;
mod write_run_logs;

pub use claim_flow_runs::{Action, Claim, ClaimFlowRuns, ClaimedRun, Directive, claim_flow_runs};
pub use flow_run_state::{FlowRunState, flow_run_state};
pub use register_agent::{RegisterAgent, register_agent};
pub use release_flow_runs::{ReleaseFlowRuns, release_flow_runs};
pub use report_flow_run_exit::{ReportFlowRunExit, report_flow_run_exit};
pub use set_flow_run_states::{NewState, StateStatus, set_flow_run_state};
pub use tenant::default_tenant;
pub use write_run_logs::{LogLine, write_run_logs};

use serde::Serialize;
use signalbox_schema::{FlowRunId, LeaseToken};

/// Every document of the agent by name, for the test that validates them against the schema.
pub const DOCUMENTS: &[(&str, &str)] = &[
    ("claim_flow_runs", claim_flow_runs::DOCUMENT),
    ("flow_run_state", flow_run_state::DOCUMENT),
    ("register_agent", register_agent::DOCUMENT),
    ("release_flow_runs", release_flow_runs::DOCUMENT),
    ("report_flow_run_exit", report_flow_run_exit::DOCUMENT),
    ("set_flow_run_states", set_flow_run_states::DOCUMENT),
    ("tenant", tenant::DOCUMENT),
    ("write_run_logs", write_run_logs::DOCUMENT),
];

/// A run this agent holds, with the proof of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// The token its claim answered.
    pub lease_token: LeaseToken,
}

/// The `{"input": …}` every mutation takes.
#[derive(Serialize)]
struct Input<T> {
    input: T,
}

/// The answer of mutations that only say whether they changed something.
#[derive(serde::Deserialize)]
struct Success {
    success: bool,
}

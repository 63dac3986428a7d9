//! The agent's one discovery path: a long poll that renews leases, hands out runs and passes on directives.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_schema::{AgentId, FlowId, FlowRunId, LabelSet, LeaseToken};
use uuid::Uuid;

use super::{Held, Input};
use crate::{Client, ClientError, RequestOptions};

pub(super) const DOCUMENT: &str = include_str!("../../../../schema/operations/agent/claim_flow_runs.graphql");

/// What the agent offers and holds.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimFlowRuns {
    /// Who asks.
    pub agent_id: AgentId,
    /// Its labels.
    pub labels: LabelSet,
    /// How many runs it can take now; 0 asks only for renewal and directives.
    pub slots: u32,
    /// How long the server may wait for something to say, in milliseconds.
    pub wait_ms: u64,
    /// Runs whose leases this call renews.
    pub held: Vec<Held>,
    /// Names the question: asked again with the same id after its answer was lost, it yields the same runs.
    pub claim_id: Uuid,
    /// The one who asks, across restarts that find its journal.
    pub process_id: Uuid,
    /// Counts its questions upwards; one that is asked again keeps its number.
    pub claim_number: u32,
}

/// The answer to a claim.
#[derive(Debug, Clone, Deserialize)]
pub struct Claim {
    /// Runs that are now this agent's.
    pub runs: Vec<ClaimedRun>,
    /// What to do about runs it holds.
    pub directives: Vec<Directive>,
    /// How long a lease lasts without renewal, in seconds.
    pub lease_seconds: u64,
    /// How often leases must be renewed, in seconds.
    pub renew_seconds: u64,
}

/// A run handed to this agent; it is already `Submitted` (or `Running`, when `resumed`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClaimedRun {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// The flow version it executes.
    pub flow_id: FlowId,
    /// The flow's name, for people.
    #[serde(default)]
    pub flow_name: Option<String>,
    /// The run's name, for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Proof of the right to this run.
    pub lease_token: LeaseToken,
    /// Version of the run's current state.
    pub version: i64,
    /// Where and how to execute it; null means the agent's defaults.
    #[serde(default)]
    pub run_config: Option<Value>,
    /// Where its code is.
    #[serde(default)]
    pub storage: Option<Value>,
    /// Level of the run's own logging, if the run asks for one.
    #[serde(default)]
    pub log_level: Option<String>,
    /// The run was left `Running` for a long retry that is now due.
    #[serde(default)]
    pub resumed: bool,
}

/// What the server wants done about a run this agent holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Directive {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// What to do.
    pub action: Action,
    /// Why, for people.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The kinds of [`Directive`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Stop the work softly, then kill it, then report `Cancelled`.
    Cancel,
    /// The run is not this agent's any more: kill the work and report nothing.
    Abandon,
    /// A directive of a later version of the server; not acted upon.
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct Answer {
    claim_flow_runs: Claim,
}

/// Claims once. Not re-sent by the transport: the caller's loop asks again with what it holds by then.
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn claim_flow_runs(client: &Client, claim: &ClaimFlowRuns) -> Result<Claim, ClientError> {
    let options = RequestOptions {
        timeout: Some(Duration::from_millis(claim.wait_ms) + client.config().timeout),
        retries: Some(0),
    };
    let answer: Answer = client.execute_with(DOCUMENT, Input { input: claim }, options).await?;
    Ok(answer.claim_flow_runs)
}

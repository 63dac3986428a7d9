//! Reports a state of a run, fenced by the lease: a stale token is refused with `LEASE_LOST`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_schema::{FlowRunId, LeaseToken, State};

use super::Input;
use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str =
    include_str!("../../../../schema/operations/agent/set_flow_run_states.graphql");

/// A state to report.
#[derive(Debug, Clone)]
pub struct NewState {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// Its next state.
    pub state: State,
    /// The version the run must still have, where the flow locks versions; `None` is unconditional.
    pub version: Option<i64>,
    /// Proof of the right to the run.
    pub lease_token: Option<LeaseToken>,
}

/// What became of a reported state.
#[derive(Debug, Clone, Deserialize)]
pub struct StateStatus {
    /// `SUCCESS`, or `QUEUED` when a limit holds the run back.
    pub status: String,
    /// Why, when there is something to say.
    #[serde(default)]
    pub message: Option<String>,
}

#[derive(Serialize)]
struct States {
    states: [Element; 1],
}

#[derive(Serialize)]
struct Element {
    flow_run_id: FlowRunId,
    state: Value,
    version: Option<i64>,
    lease_token: Option<LeaseToken>,
}

#[derive(Deserialize)]
struct Answer {
    set_flow_run_states: Statuses,
}

#[derive(Deserialize)]
struct Statuses {
    states: Vec<StateStatus>,
}

/// Reports one state.
///
/// # Errors
/// Those of [`Client::execute`]; class `LeaseLost` when the run belongs to somebody else now.
pub async fn set_flow_run_state(client: &Client, new: NewState) -> Result<StateStatus, ClientError> {
    let element = Element {
        flow_run_id: new.flow_run_id,
        state: new.state.to_value(),
        version: new.version,
        lease_token: new.lease_token,
    };
    let answer: Answer = client.execute(DOCUMENT, Input { input: States { states: [element] } }).await?;
    let unanswered = || ClientError::Decode {
        api: crate::config::shown(&client.config().api),
        reason: "set_flow_run_states answered no status".into(),
    };
    answer.set_flow_run_states.states.into_iter().next().ok_or_else(unanswered)
}

//! Says that a run's process ended before the run had. What becomes of the run is the server's decision, by the policy of
//! its flow group. Sent again, it changes nothing.

use serde::{Deserialize, Serialize};
use signalbox_schema::{FlowRunId, LeaseToken, StateType};

use super::Input;
use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str =
    include_str!("../../../../schema/operations/agent/report_flow_run_exit.graphql");

/// How a process ended.
#[derive(Debug, Clone, Serialize)]
pub struct ReportFlowRunExit {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// Proof of the right to it.
    pub lease_token: LeaseToken,
    /// For people: becomes the message of the run's state.
    pub message: String,
    /// The code it ended with.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

#[derive(Deserialize)]
struct Answer {
    report_flow_run_exit: Reported,
}

#[derive(Deserialize)]
struct Reported {
    state: String,
}

/// Reports the exit; answers the state that the run has then (`None` for one this version does not know).
///
/// # Errors
/// Those of [`Client::execute`]; class `LeaseLost` when the run belongs to somebody else now.
pub async fn report_flow_run_exit(
    client: &Client,
    exit: &ReportFlowRunExit,
) -> Result<Option<StateType>, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, Input { input: exit }).await?;
    Ok(StateType::parse(&answer.report_flow_run_exit.state))
}

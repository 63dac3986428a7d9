//! Gives leases back once the work has ended. Releasing twice is harmless.

use serde::{Deserialize, Serialize};
use signalbox_schema::AgentId;

use super::{Held, Input, Success};
use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str =
    include_str!("../../../../schema/operations/agent/release_flow_runs.graphql");

/// Which leases to give back.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseFlowRuns {
    /// Who held them.
    pub agent_id: AgentId,
    /// The runs and their tokens.
    pub held: Vec<Held>,
}

#[derive(Deserialize)]
struct Answer {
    release_flow_runs: Success,
}

/// Releases; answers whether any lease was still held.
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn release_flow_runs(client: &Client, release: &ReleaseFlowRuns) -> Result<bool, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, Input { input: release }).await?;
    Ok(answer.release_flow_runs.success)
}

//! Tells a stock agent which runs wait for it (`get_runs_in_queue`). Nothing is reserved: the agent takes a run by
//! setting it `Submitted`, and the one that comes second is refused.

use crate::{ServiceError, Services, agents};
use chrono::{DateTime, Utc};
use signalbox_core::{
    access::{Access, Reporter},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};
use signalbox_storage::repo::flow_run;

/// Most runs in one answer (as many as Prefect's server gave).
const MOST: u32 = 25;

/// A stock agent's question.
#[derive(Debug)]
pub struct HandOut {
    /// The agent's labels.
    pub labels: LabelSet,
    /// Runs due before this time; now, if absent. Stock agents ask ten seconds ahead and wait by themselves.
    pub before: Option<DateTime<Utc>>,
    /// The agent, by its header.
    pub agent: Option<AgentId>,
}

/// The runs that wait for an agent with these labels, the longest waiting first.
pub async fn hand_out(
    services: &Services,
    access: &Access<Reporter>,
    command: HandOut,
) -> Result<Vec<FlowRunId>, ServiceError> {
    if let Some(agent) = command.agent {
        agents::note_poll(services, access, agent).await?;
    }
    let before = command.before.unwrap_or_else(|| services.clock().now());
    let tx = services.store().read(access);
    let due = flow_run::due_labels(&tx).await?;
    let keys: Vec<&str> = due
        .iter()
        .filter(|due| due.earliest <= before && may_take(&command.labels, &due.labels))
        .map(|due| due.key.as_str())
        .collect();
    let mut runs =
        if keys.is_empty() { Vec::new() } else { flow_run::due_runs(&tx, &keys, before, MOST).await? };
    let retries = flow_run::retry_due_runs(&tx, before, None, MOST).await?;
    runs.extend(
        retries.into_iter().filter(|(_, labels)| may_take(&command.labels, labels)).map(|(id, _)| id),
    );
    Ok(runs)
}

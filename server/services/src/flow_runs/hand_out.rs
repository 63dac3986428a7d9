//! Tells a stock agent which runs wait for it (`get_runs_in_queue`). Nothing is reserved: the agent takes a run by
//! setting it `Submitted`, and the one that comes second is refused.

use super::waiting::{Wish, lots_for, select};
use crate::{ServiceError, Services, agents};
use chrono::{DateTime, Utc};
use signalbox_core::{
    access::{Access, Reporter},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};
use signalbox_storage::repo::{
    concurrency::{self, About},
    flow_run,
};

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

/// The runs that wait for an agent with these labels and have free slots, the most urgent first.
pub async fn hand_out(
    services: &Services,
    access: &Access<Reporter>,
    command: HandOut,
) -> Result<Vec<FlowRunId>, ServiceError> {
    if let Some(agent) = command.agent {
        agents::note_poll(services, access, agent).await?;
    }
    let now = services.clock().now();
    let before = command.before.unwrap_or(now);
    let tx = services.store().read(access);
    let lots = lots_for(&tx, &command.labels).await?;
    let mut runs = Vec::new();
    if lots.iter().any(|lot| lot.earliest <= before) {
        let mut ledger = concurrency::ledger(&tx, About::Label).await?;
        let wish = Wish { now, before, most: MOST };
        runs.extend(select(&tx, &lots, &mut ledger, wish).await?.into_iter().map(|run| run.id));
    }
    let retries = flow_run::retry_due_runs(&tx, before, None, MOST).await?;
    runs.extend(
        retries.into_iter().filter(|(_, labels)| may_take(&command.labels, labels)).map(|(id, _)| id),
    );
    Ok(runs)
}

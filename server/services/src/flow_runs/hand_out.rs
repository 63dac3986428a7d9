//! Tells a stock agent which runs wait for it (`get_runs_in_queue`). Nothing is reserved: the agent takes a run by
//! setting it `Submitted`, and the one that comes second is refused.

use super::waiting::{FURTHER, LOOKS, Wish, lots_for, select};
use crate::{ServiceError, Services, agents, schedules::Admission};
use chrono::{DateTime, Utc};
use signalbox_core::{
    access::{Access, Reporter},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};
use signalbox_storage::{
    TenantTx,
    repo::{
        concurrency::{self, About},
        flow_run::{self, Lot},
    },
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
        runs = waiting(&tx, &lots, Wish { now, before, most: MOST }).await?;
    }
    let retries = flow_run::retry_due_runs(&tx, before, None, MOST).await?;
    runs.extend(
        retries.into_iter().filter(|(_, labels)| may_take(&command.labels, labels)).map(|(id, _)| id),
    );
    Ok(runs)
}

/// The runs that wait, without those that the policy of their schedule holds back: the agent would be refused.
async fn waiting(tx: &TenantTx, lots: &[Lot], wish: Wish) -> Result<Vec<FlowRunId>, ServiceError> {
    let mut held: Vec<FlowRunId> = Vec::new();
    let mut runs = Vec::new();
    for look in 0..LOOKS {
        let most = if look == 0 { wish.most } else { wish.most.max(FURTHER) };
        let mut ledger = concurrency::ledger(tx, About::Label).await?;
        let selected = select(tx, lots, &mut ledger, Wish { most, ..wish }, &held).await?;
        runs = selected.into_iter().map(|run| run.id).collect();
        let passed_over = Admission::peek(tx, &runs, wish.now).await?;
        runs.retain(|run| !passed_over.contains(run));
        if passed_over.is_empty() || runs.len() >= usize::try_from(wish.most).unwrap_or(usize::MAX) {
            break;
        }
        held.extend(passed_over);
    }
    runs.truncate(usize::try_from(wish.most).unwrap_or(usize::MAX));
    Ok(runs)
}

//! Tells a stock agent which runs wait for it (`get_runs_in_queue`).
//!
//! The agent takes a run by setting it `Submitted`, and one that comes second is refused. Runs that were shown are kept
//! for the one who asked for a moment: nobody else is shown them. That is more than courtesy. Agents of one name and the
//! same labels get one id, so that their states cannot be told apart; whether two of them hold a run can only be known by
//! not showing it to both. The same question, sent again because its answer was lost, is known by its `before`.

use super::waiting::{FURTHER, LOOKS, Wish, lots_for, select};
use crate::{ServiceError, Services, agents, schedules::Admission};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::{
    access::{Access, Reporter},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::{
        concurrency::{self, About},
        flow_run::{self, Asker, Lot},
    },
};
use std::collections::HashSet;

/// Most runs in one answer (as many as Prefect's server gave).
const MOST: u32 = 25;

/// How far ahead stock agents ask.
const AHEAD: TimeDelta = TimeDelta::seconds(10);

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
    let name = name_of(&command);
    let asker = Asker { name: &name, now };
    let tx = services.store().read(access);
    let lots = lots_for(&tx, &command.labels).await?;
    let mut runs = Vec::new();
    if lots.iter().any(|lot| lot.earliest <= before) {
        runs = waiting(&tx, &lots, Wish { asker, before, most: MOST }).await?;
    }
    // A living process takes up its retries by itself; a second one must not be started beside it.
    let retries = flow_run::retry_due_runs(&tx, asker, before, now - services.intervals().gone_after).await?;
    runs.extend(
        retries.into_iter().filter(|retry| may_take(&command.labels, &retry.labels)).map(|retry| retry.id),
    );
    if runs.is_empty() {
        return Ok(runs);
    }
    // The agent waits for runs that are due a little later before it submits them.
    let until = before.clamp(now, now + AHEAD) + services.intervals().reservation;
    let reserve = Reserve { asker, runs: &runs, until };
    let reserved = services.store().write(access, &reserve).await?;
    runs.retain(|run| reserved.contains(run));
    Ok(runs)
}

/// The runs that wait, without those that the policy of their schedule holds back: the agent would be refused.
async fn waiting(tx: &TenantTx, lots: &[Lot], wish: Wish<'_>) -> Result<Vec<FlowRunId>, ServiceError> {
    let mut held: Vec<FlowRunId> = Vec::new();
    let mut runs = Vec::new();
    for look in 0..LOOKS {
        let most = if look == 0 { wish.most } else { wish.most.max(FURTHER) };
        let mut ledger = concurrency::ledger(tx, About::Label).await?;
        runs = select(tx, lots, &mut ledger, Wish { most, ..wish }, &held).await?;
        let passed_over = Admission::peek(tx, &runs, wish.asker.now).await?;
        runs.retain(|run| !passed_over.contains(run));
        if passed_over.is_empty() || runs.len() >= usize::try_from(wish.most).unwrap_or(usize::MAX) {
            break;
        }
        held.extend(passed_over);
    }
    runs.truncate(usize::try_from(wish.most).unwrap_or(usize::MAX));
    Ok(runs)
}

/// The name under which runs are kept for the one who asks; it begins with the agent's id.
fn name_of(command: &HandOut) -> String {
    let agent = match command.agent {
        Some(agent) => agent.to_string(),
        None => format!("labels {}", command.labels.key()),
    };
    match command.before {
        Some(before) => format!("{agent} {}", before.timestamp_micros()),
        None => agent,
    }
}

struct Reserve<'a> {
    asker: Asker<'a>,
    runs: &'a [FlowRunId],
    until: DateTime<Utc>,
}

impl Transaction for Reserve<'_> {
    const NAME: &'static str = "flow_run.reserve";
    type Output = HashSet<FlowRunId>;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<HashSet<FlowRunId>, StorageError> {
        flow_run::reserve(tx, self.asker, self.runs, self.until).await
    }
}

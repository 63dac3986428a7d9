//! The door that scheduled runs pass when they come due: overlap policy and catch-up window of their flow group.
//!
//! Whoever hands a run out asks here first, in the same transaction, and tells afterwards. The flow group's row is
//! locked in between, so that two who hand out runs of one group do it one after the other. What the rules
//! (`signalbox_core::schedule::admit`) let wait or skip is decided by what is active at that moment.

use chrono::{DateTime, Utc};
use signalbox_core::{
    ids::Ids,
    run::{
        Proposal, Verdict,
        cancel::{Cancellation, decide as decide_cancel},
        flow_run::{FlowRunTransition, Sender, Unfinished, decide},
    },
    schedule::{
        Overlap,
        admit::{Settlement, settle},
    },
};
use signalbox_schema::{FlowGroupId, FlowRunId, State, StateType};
use signalbox_storage::{
    StorageError, TenantTx,
    repo::{
        flow_group,
        flow_run::{self, FlowRunUpdate},
        schedule,
    },
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What came of asking for some runs.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// These must not start now, and why not.
    pub held: HashMap<FlowRunId, String>,
    /// Runs whose state was changed: skipped or cancelled.
    pub changed: Vec<FlowRunId>,
    /// Flow groups in which one of the runs may start.
    opened: BTreeSet<FlowGroupId>,
}

impl Admission {
    /// Asks for `candidates`, the longest waiting first. Of a flow group whose runs must not overlap at most one is
    /// let through.
    pub async fn ask(
        tx: &TenantTx,
        candidates: &[FlowRunId],
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let mut admission = Self::default();
        if candidates.is_empty() {
            return Ok(admission);
        }
        let judged = schedule::judged(tx, candidates).await?;
        // In order of their ids, so that two who lock several do not wait for each other.
        let groups: BTreeSet<FlowGroupId> = judged.values().copied().collect();
        for group in groups {
            flow_group::lock(tx, group).await?;
            let (policy, settlement) = admission.settle(tx, group, ids, now).await?;
            let mut may_start = settlement.wait_for.is_none();
            let skipped: HashMap<_, _> = settlement.skip.iter().copied().collect();
            for run in candidates.iter().filter(|run| judged.get(run) == Some(&group)) {
                if let Some(why) = skipped.get(run) {
                    admission.held.insert(*run, why.to_string());
                } else if may_start {
                    may_start = policy == Overlap::Allow;
                    admission.opened.insert(group);
                } else {
                    admission.held.insert(*run, waits(settlement.wait_for));
                }
            }
        }
        Ok(admission)
    }

    /// Settles the groups in which a run has started meanwhile: others that were due may be skipped now.
    pub async fn close(
        mut self,
        tx: &TenantTx,
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<Vec<FlowRunId>, StorageError> {
        for group in std::mem::take(&mut self.opened) {
            self.settle(tx, group, ids, now).await?;
        }
        Ok(self.changed)
    }

    /// Settles groups in which nothing starts: slots came due.
    pub async fn settle_groups(
        tx: &TenantTx,
        groups: &BTreeSet<FlowGroupId>,
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<Vec<FlowRunId>, StorageError> {
        let mut admission = Self::default();
        for group in groups {
            flow_group::lock(tx, *group).await?;
            admission.settle(tx, *group, ids, now).await?;
        }
        Ok(admission.changed)
    }

    /// Performs what the rules say about a group, and says what they say about it then.
    async fn settle(
        &mut self,
        tx: &TenantTx,
        group: FlowGroupId,
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<(Overlap, Settlement), StorageError> {
        let slots = schedule::slots(tx, group, now).await?;
        let mut settlement = settle(&slots.policy, &slots.active, &slots.waiting, now);
        let skipped = settlement.skip.iter().map(|(run, _)| *run);
        let cancelled = slots.active.iter().copied().filter(|_| settlement.cancel_active);
        let runs = flow_run::load(tx, skipped.chain(cancelled), &[]).await?;
        let mut updates = Vec::new();
        let mut left = slots.active.clone();
        for (id, why) in &settlement.skip {
            let state = State::new(StateType::Skipped, why.to_string());
            let Some(run) = runs.get(id) else { continue };
            let proposal = Proposal { state, version: None, fingerprint: 0 };
            if let Verdict::Apply(transition) = decide(now, run, Sender::default(), &proposal) {
                let transition = FlowRunTransition { unfinished: Unfinished::Skipped, ..transition };
                updates.push(update(*id, run.version, proposal.state, transition));
            }
        }
        if settlement.cancel_active {
            for id in &slots.active {
                let Some(run) = runs.get(id) else { continue };
                let why = "A later run of the schedule came due (overlap policy 'cancel_other').";
                let state = match decide_cancel(run.state, run.lease.is_some()) {
                    Cancellation::Nothing => continue,
                    Cancellation::AtOnce => State::new(StateType::Cancelled, why),
                    Cancellation::Ask => State::new(StateType::Cancelling, why),
                };
                let proposal = Proposal { state, version: None, fingerprint: 0 };
                if let Verdict::Apply(transition) = decide(now, run, Sender::default(), &proposal) {
                    left.retain(|other| other != id || !proposal.state.kind().is_finished());
                    updates.push(update(*id, run.version, proposal.state, transition));
                }
            }
            settlement.wait_for = left.first().copied();
        }
        flow_run::update(tx, &updates, ids, now).await?;
        self.changed.extend(updates.iter().map(|update| update.id));
        Ok((slots.policy.overlap, settlement))
    }

    /// Why a run would be held at `now`, if it would, without changing anything: for those who ask why it waits.
    pub async fn why(
        tx: &TenantTx,
        run: FlowRunId,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StorageError> {
        let Some(group) = schedule::judged(tx, &[run]).await?.remove(&run) else { return Ok(None) };
        let slots = schedule::slots(tx, group, now).await?;
        let settlement = settle(&slots.policy, &slots.active, &slots.waiting, now);
        if let Some((_, why)) = settlement.skip.iter().find(|(skipped, _)| *skipped == run) {
            return Ok(Some(format!("it is about to be skipped: {why}")));
        }
        let holds = slots.policy.overlap != Overlap::Allow;
        Ok(settlement.wait_for.filter(|_| holds).map(|other| waits(Some(other))))
    }

    /// Which of `candidates` would be held at `now`, without changing anything: for those who only look.
    pub async fn peek(
        tx: &TenantTx,
        candidates: &[FlowRunId],
        now: DateTime<Utc>,
    ) -> Result<HashSet<FlowRunId>, StorageError> {
        let mut held = HashSet::new();
        if candidates.is_empty() {
            return Ok(held);
        }
        let judged = schedule::judged(tx, candidates).await?;
        let groups: BTreeSet<FlowGroupId> = judged.values().copied().collect();
        for group in groups {
            let slots = schedule::slots(tx, group, now).await?;
            let settlement = settle(&slots.policy, &slots.active, &slots.waiting, now);
            let skipped: HashSet<_> = settlement.skip.iter().map(|(run, _)| *run).collect();
            let waits = settlement.wait_for.is_some() && slots.policy.overlap != Overlap::Allow;
            let of_group = candidates.iter().filter(|run| judged.get(run) == Some(&group));
            held.extend(of_group.filter(|run| waits || skipped.contains(run)));
        }
        Ok(held)
    }
}

fn update(id: FlowRunId, from_version: i64, state: State, transition: FlowRunTransition) -> FlowRunUpdate {
    FlowRunUpdate { id, from_version, state, fingerprint: None, transition }
}

fn waits(for_run: Option<FlowRunId>) -> String {
    match for_run {
        Some(run) => {
            format!("it waits for the end of flow run {run}, which its flow's overlap policy demands.")
        }
        None => "another run of its flow starts, which its flow's overlap policy demands.".to_owned(),
    }
}

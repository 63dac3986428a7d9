//! Taking: compare-and-set, so that whoever comes second finds nothing.

use super::{Claim, ClaimedRun, MOST, RETRY_GRACE};
use crate::{
    ServiceError,
    flow_runs::waiting::{FURTHER, LOOKS, Wish, lots_for, select},
    schedules::Admission,
};
use chrono::{DateTime, Utc};
use signalbox_core::{
    ids::Ids,
    lease::{Intervals, Lease},
    queue::may_take,
    run::{
        Proposal, Verdict,
        flow_run::{FlowRunTransition, Sender, decide},
        task_run::TaskRunTransition,
    },
};
use signalbox_schema::{FlowRunId, LeaseToken, State, StateType};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        agent,
        concurrency::{self, About},
        flow_run::{self, Asker, DueRetry, FlowRunUpdate},
        lock,
        task_run::{self, TaskRunUpdate},
    },
};
use uuid::Uuid;

/// The token of a lease follows from the question and the run, so that a question that is asked again finds the runs it
/// was answered with, and another agent of the same name does not.
pub(super) fn lease_token(claim_id: Uuid, run: FlowRunId) -> LeaseToken {
    let mut hasher = blake3::Hasher::new();
    hasher.update(claim_id.as_bytes());
    hasher.update(run.0.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    LeaseToken(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// What a claim came to.
pub(super) struct Taken {
    /// The runs to start.
    pub runs: Vec<ClaimedRun>,
    /// Runs that were skipped or cancelled by the policy of their schedule.
    pub changed: Vec<FlowRunId>,
}

/// Takes what is due.
pub(super) struct Take<'a> {
    pub command: &'a Claim,
    pub claim_id: Uuid,
    pub now: DateTime<Utc>,
    pub ids: &'a dyn Ids,
    pub intervals: &'a Intervals,
}

impl Transaction for Take<'_> {
    const NAME: &'static str = "flow_run.claim";
    type Output = Taken;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Taken, ServiceError> {
        // The same question may be asked twice at once; the second must see what the first took.
        lock::agent(tx, self.command.agent).await?;
        // It may have been deleted while its question waited.
        if !agent::exists(tx, self.command.agent).await? {
            return Err(ServiceError::not_found("Agent", self.command.agent));
        }
        let mut started = self.claimed_before(tx).await?;
        let mut changed = Vec::new();
        let slots = self.command.slots.min(MOST);
        let free = |taken: usize| slots.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
        let mut resumed = Vec::new();
        // A question that was answered with runs gets the same again, and no more: it may be a late copy.
        let repeated = !started.is_empty();
        if !repeated && free(started.len()) > 0 {
            started.extend(self.take_waiting(tx, free(started.len()), &mut changed).await?);
        }
        if !repeated && free(started.len()) > 0 {
            resumed = self.take_retries(tx, free(started.len())).await?;
        }
        let all: Vec<_> = started.iter().chain(&resumed).copied().collect();
        if all.is_empty() {
            return Ok(Taken { runs: Vec::new(), changed });
        }
        let runs = flow_run::claimed(tx, &all).await?.into_iter();
        let runs = runs.map(|run| ClaimedRun { resumed: resumed.contains(&run.id), run }).collect();
        Ok(Taken { runs, changed })
    }
}

impl Take<'_> {
    fn asker<'n>(&self, name: &'n str) -> Asker<'n> {
        Asker { name, now: self.now }
    }

    fn lease(&self, run: FlowRunId) -> Lease {
        Lease {
            token: lease_token(self.claim_id, run),
            expires: self.now + self.intervals.lease,
            asked: self.command.asked,
        }
    }

    async fn claimed_before(&self, tx: &TenantTx) -> Result<Vec<FlowRunId>, ServiceError> {
        let submitted = flow_run::submitted_by_claim(tx, self.command.agent).await?;
        Ok(submitted
            .into_iter()
            .filter(|(run, token)| {
                self.lease(*run).token == *token && self.command.held.iter().all(|held| held.run != *run)
            })
            .map(|(run, _)| run)
            .collect())
    }

    /// Takes runs that wait. `changed` gets those that the policy of their schedule skipped or cancelled meanwhile.
    async fn take_waiting(
        &self,
        tx: &TenantTx,
        slots: u32,
        changed: &mut Vec<FlowRunId>,
    ) -> Result<Vec<FlowRunId>, ServiceError> {
        let mut lots = lots_for(tx, &self.command.labels).await?;
        lots.retain(|lot| lot.earliest <= self.now);
        if lots.is_empty() {
            return Ok(Vec::new());
        }
        let labels = lots.iter().flat_map(|lot| lot.labels.as_slice()).map(String::as_str);
        // Before the flow groups that the policies lock.
        concurrency::lock(tx, About::Label, labels).await?;
        let name = self.command.agent.to_string();
        let (mut taken, mut held) = (Vec::new(), Vec::new());
        for look in 0..LOOKS {
            let free = slots.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
            let most = if look == 0 { free } else { free.max(FURTHER) };
            let mut ledger = concurrency::ledger(tx, About::Label).await?;
            let wish = Wish { asker: self.asker(&name), before: self.now, most };
            let candidates = select(tx, &lots, &mut ledger, wish, &held).await?;
            let admission = Admission::ask(tx, &candidates, self.ids, self.now).await?;
            let admitted = candidates.iter().copied().filter(|run| !admission.held.contains_key(run));
            let admitted = admitted.take(usize::try_from(free).unwrap_or(usize::MAX)).collect();
            taken.extend(self.submit(tx, admitted).await?);
            // Runs that are held stay due, and hide those behind them.
            let passed_over = admission.held.len();
            held.extend(admission.held.keys().copied());
            changed.extend(admission.close(tx, self.ids, self.now).await?);
            if passed_over == 0 || taken.len() >= usize::try_from(slots).unwrap_or(usize::MAX) {
                break;
            }
        }
        Ok(taken)
    }

    /// Takes these runs, unless somebody else has.
    async fn submit(
        &self,
        tx: &TenantTx,
        candidates: Vec<FlowRunId>,
    ) -> Result<Vec<FlowRunId>, ServiceError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let runs = flow_run::load(tx, candidates.iter().copied(), &[]).await?;
        let states = flow_run::claimable(tx, &candidates).await?;
        let sender = Sender { agent: Some(self.command.agent), lease: None };
        let mut updates = Vec::new();
        let mut taken = Vec::new();
        for (id, _, waiting) in states {
            let Some(run) = runs.get(&id) else { continue };
            let state = State::new(StateType::Submitted, "Submitted for execution").wrapping(waiting);
            let proposal = Proposal { state, version: None, fingerprint: 0 };
            let Verdict::Apply(transition) = decide(self.now, run, sender, &proposal) else {
                continue;
            };
            if flow_run::take(tx, id, self.command.agent, self.lease(id), (run.version, self.now)).await? {
                let lease = Some(self.lease(id).token);
                let transition = FlowRunTransition { lease, releases_lease: false, ..transition };
                updates.push(FlowRunUpdate {
                    id,
                    from_version: run.version,
                    state: proposal.state,
                    fingerprint: None,
                    transition,
                });
                taken.push(id);
            }
        }
        flow_run::update(tx, &updates, self.ids, self.now).await?;
        Ok(taken)
    }

    async fn take_retries(&self, tx: &TenantTx, slots: u32) -> Result<Vec<FlowRunId>, ServiceError> {
        let before = self.now - RETRY_GRACE;
        let name = self.command.agent.to_string();
        let gone_since = self.now - self.intervals.gone_after;
        let due = flow_run::retry_due_runs(tx, self.asker(&name), before, gone_since).await?;
        let mut taken = Vec::new();
        for DueRetry { id, version, labels } in due {
            let full = taken.len() >= usize::try_from(slots).unwrap_or(usize::MAX);
            if full || !may_take(&self.command.labels, &labels) {
                continue;
            }
            if flow_run::take(tx, id, self.command.agent, self.lease(id), (version, self.now)).await? {
                self.submit_retries(tx, id, before).await?;
                taken.push(id);
            }
        }
        Ok(taken)
    }

    /// The waiting task runs of a resumed run become `Submitted`, as the stock agent does it (reference §4.4), so that
    /// no other agent sees them as due.
    async fn submit_retries(
        &self,
        tx: &TenantTx,
        run: FlowRunId,
        before: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let due = task_run::due_retries(tx, run, before).await?;
        let loaded = task_run::load(tx, due.iter().map(|(id, _)| *id), &[]).await?;
        let updates: Vec<TaskRunUpdate> = due
            .into_iter()
            .filter_map(|(id, waiting)| {
                let loaded = loaded.get(&id)?;
                let task_run = &loaded.now;
                Some(TaskRunUpdate {
                    id,
                    flow_run: loaded.flow_run,
                    flow: loaded.flow,
                    from_version: task_run.version,
                    state: State::new(StateType::Submitted, "Submitted for execution.").wrapping(waiting),
                    fingerprint: None,
                    transition: TaskRunTransition {
                        version: task_run.version + 1,
                        start_time: task_run.start_time,
                        end_time: task_run.end_time,
                        heartbeat: false,
                        wakes_agents: false,
                    },
                })
            })
            .collect();
        Ok(task_run::update(tx, &updates, self.ids, self.now).await?)
    }
}

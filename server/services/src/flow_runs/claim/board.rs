//! What is due in a tenant, read once for all agents that wait for it.
//!
//! A thousand agents wait in a thousand open polls, and each must look after every hint and every tick. What they look
//! at is the same, so it is kept until a hint, a taking or the tick makes it old, and whoever comes then reads it anew for
//! all. The same lock makes them take one after the other: the second sees what the first has left, instead of opening
//! a transaction to find nothing.

use super::{RETRY_GRACE, TICK};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::{Subscription, Topic};
use signalbox_core::{
    access::{Access, Reporter},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet, LeaseToken, TenantId};
use signalbox_storage::repo::{
    concurrency::{self, About},
    flow_run::{self, Asker, DueRetry, Lot},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// The boards of the tenants whose agents wait.
#[derive(Default)]
pub(crate) struct Boards(Mutex<HashMap<TenantId, Weak<Board>>>);

impl Boards {
    /// The tenant's board.
    pub(super) fn of(&self, services: &Services, tenant: TenantId) -> Arc<Board> {
        let mut boards = lock(&self.0);
        if let Some(board) = boards.get(&tenant).and_then(Weak::upgrade) {
            return board;
        }
        boards.retain(|_, board| board.strong_count() > 0);
        let board = Arc::new(Board {
            parked: Mutex::default(),
            slate: tokio::sync::Mutex::new(Slate {
                work: services.subscribe(Topic::Work(tenant)),
                reading: None,
            }),
        });
        boards.insert(tenant, Arc::downgrade(&board));
        board
    }
}

/// What is known of one tenant's work.
pub(super) struct Board {
    /// The agents whose questions wait here, and how many of each.
    parked: Mutex<HashMap<AgentId, usize>>,
    slate: tokio::sync::Mutex<Slate>,
}

impl Board {
    /// Has the agent's answered questions looked up with every reading, until the result is dropped.
    pub(super) fn park(self: &Arc<Self>, agent: AgentId) -> Parked {
        *lock(&self.parked).entry(agent).or_default() += 1;
        Parked { board: Arc::clone(self), agent }
    }

    /// Waits for one's turn to look and to take.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn { board: self, slate: self.slate.lock().await }
    }
}

struct Slate {
    /// From before the reading, so that no hint in between is missed.
    work: Subscription,
    reading: Option<Reading>,
}

/// What was read.
pub(super) struct Reading {
    at: DateTime<Utc>,
    /// When it has to be read again, hint or not.
    pub expires: DateTime<Utc>,
    /// Waiting runs, as far as limits leave them a slot. Where a limit is full, a freed slot gives a hint: there is no
    /// time to wait for.
    lots: Vec<Lot>,
    /// Runs whose long retry is due.
    retries: Vec<DueRetry>,
    /// What was taken for the agents that wait, and has not begun to run.
    submitted: HashMap<AgentId, Vec<(FlowRunId, LeaseToken)>>,
}

/// The right to look and to take, one at a time.
pub(super) struct Turn<'a> {
    board: &'a Board,
    slate: MutexGuardOfSlate<'a>,
}

type MutexGuardOfSlate<'a> = tokio::sync::MutexGuard<'a, Slate>;

impl Turn<'_> {
    /// What is due. `afresh`: no reading from before is good enough.
    pub(super) async fn look(
        &mut self,
        services: &Services,
        access: &Access<Reporter>,
        afresh: bool,
    ) -> Result<&Reading, ServiceError> {
        let now = services.clock().now();
        // Both sides are evaluated: the hint is used up by this look.
        let hinted = self.slate.work.was_hinted();
        let is_good = |reading: &Reading| reading.at <= now && now < reading.expires;
        if hinted || afresh || !self.slate.reading.as_ref().is_some_and(is_good) {
            // Old as soon as the new one is begun, or a reading that fails would leave it in place without its hint.
            self.slate.reading = None;
            let reading = self.read(services, access, now).await?;
            return Ok(self.slate.reading.insert(reading));
        }
        Ok(self.slate.reading.as_ref().expect("a reading that is good is there"))
    }

    /// Something was taken: what was read is no longer so.
    pub(super) fn forget(&mut self) {
        self.slate.reading = None;
    }

    async fn read(
        &self,
        services: &Services,
        access: &Access<Reporter>,
        now: DateTime<Utc>,
    ) -> Result<Reading, ServiceError> {
        let tx = services.store().read_together(access).await?;
        let mut lots = flow_run::lots(&tx).await?;
        if lots.iter().any(|lot| lot.earliest <= now + TICK) {
            let ledger = concurrency::ledger(&tx, About::Label).await?;
            lots.retain(|lot| ledger.free(lot.labels.as_slice()) != Some(0));
        }
        let next_retry = flow_run::earliest_retry(&tx).await?.map(|due| due + RETRY_GRACE);
        let retries = match next_retry {
            Some(due) if due <= now => {
                // Nobody in particular asks: what is kept for one is due for no other.
                let asker = Asker { name: "", now };
                let gone_since = now - services.intervals().gone_after;
                flow_run::retry_due_runs(&tx, asker, now - RETRY_GRACE, gone_since).await?
            }
            _ => Vec::new(),
        };
        // After what is due: what another replica took in between is then seen here.
        let agents: Vec<AgentId> = lock(&self.board.parked).keys().copied().collect();
        let submitted = flow_run::submitted_by_claims(&tx, &agents).await?;
        let expires = next_retry.filter(|due| *due > now).map_or(now + TICK, |due| due.min(now + TICK));
        Ok(Reading { at: now, expires, lots, retries, submitted })
    }
}

impl Reading {
    /// Whether something is due for an agent with these labels.
    pub(super) fn is_due(&self, labels: &LabelSet, now: DateTime<Utc>) -> bool {
        self.next_for(labels).is_some_and(|next| next <= now)
            || self.retries.iter().any(|retry| may_take(labels, &retry.labels))
    }

    /// When the first waiting run for an agent with these labels is due.
    pub(super) fn next_for(&self, labels: &LabelSet) -> Option<DateTime<Utc>> {
        self.lots.iter().filter(|lot| may_take(labels, &lot.labels)).map(|lot| lot.earliest).min()
    }

    /// What was taken for an agent that is parked here.
    pub(super) fn submitted(&self, agent: AgentId) -> &[(FlowRunId, LeaseToken)] {
        self.submitted.get(&agent).map_or(&[], Vec::as_slice)
    }
}

/// An agent's place at the board.
pub(super) struct Parked {
    board: Arc<Board>,
    agent: AgentId,
}

impl Drop for Parked {
    fn drop(&mut self) {
        let mut parked = lock(&self.board.parked);
        if let Some(count) = parked.get_mut(&self.agent) {
            *count -= 1;
            if *count == 0 {
                parked.remove(&self.agent);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

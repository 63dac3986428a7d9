//! Hands runs to our agents: one long poll that renews leases, brings orders to stop, and takes what is due.

mod take;

use super::waiting::lots_for;
use crate::{ServiceError, Services, agents};
use chrono::{DateTime, Duration, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    lease::{LEASE_SECONDS, RENEW_SECONDS},
    queue::may_take,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet, LeaseToken, StateType};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::{
        concurrency::{self, About},
        flow_run::{self, ClaimedFlowRun},
    },
};
use take::{Take, lease_token};
use uuid::Uuid;

/// Longest wait of one poll: short of the 30 seconds at which common proxies give up.
const LONGEST_WAIT: Duration = Duration::seconds(25);
/// Reads again this often without a hint: a lost hint costs this much.
const TICK: Duration = Duration::seconds(10);
/// A process waits for a short retry by itself; one that was silent for this long has left for a long one.
const SILENT: Duration = Duration::seconds(60);
/// Grace after a retry is due, in which the process itself may take it up (the stock agent's figure).
const RETRY_GRACE: Duration = Duration::seconds(3);
/// Most runs of one claim.
const MOST: u32 = 100;

/// A lease that an agent says it has.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The run.
    pub run: FlowRunId,
    /// The proof.
    pub lease_token: LeaseToken,
}

/// An agent's question.
#[derive(Debug)]
pub struct Claim {
    /// The agent.
    pub agent: AgentId,
    /// Its labels.
    pub labels: LabelSet,
    /// How many more runs it can start.
    pub slots: u32,
    /// How long it would wait for the answer.
    pub wait: Duration,
    /// The leases it has.
    pub held: Vec<Held>,
    /// Names this question: asked again with the same id (the answer was lost), it yields the same runs.
    pub claim_id: Option<Uuid>,
}

/// The answer.
#[derive(Debug)]
pub struct Claimed {
    /// Runs to start now.
    pub runs: Vec<ClaimedRun>,
    /// Orders for runs that the agent holds.
    pub directives: Vec<Directive>,
    /// How long a lease lasts without renewal, in seconds.
    pub lease_seconds: i32,
    /// How often to renew, in seconds.
    pub renew_seconds: i32,
}

/// A run to start.
#[derive(Debug)]
pub struct ClaimedRun {
    /// The run.
    pub run: ClaimedFlowRun,
    /// Whether it goes on after a long retry, instead of starting.
    pub resumed: bool,
}

/// An order for a run that an agent holds.
#[derive(Debug)]
pub struct Directive {
    /// The run.
    pub run: FlowRunId,
    /// What to do.
    pub action: Action,
    /// Why, for people.
    pub reason: String,
}

/// What to do with a run that an agent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Stop the work, then report `Cancelled`.
    Cancel,
    /// Stop the work and say nothing: the run is no longer this agent's.
    Abandon,
}

/// Answers as soon as there is something to say, at the latest after `wait`.
pub async fn claim(
    services: &Services,
    access: &Access<Reporter>,
    command: Claim,
) -> Result<Claimed, ServiceError> {
    if !agents::note_poll(services, access, command.agent).await? {
        return Err(ServiceError::not_found("Agent", command.agent));
    }
    let deadline = services.clock().now() + command.wait.clamp(Duration::zero(), LONGEST_WAIT);
    // Before the first read, or a change in between would be missed until the tick.
    let mut work = services.subscribe(Topic::Work(access.tenant()));
    renew(services, access, &command).await?;
    let claim_id = command.claim_id.unwrap_or_else(|| services.ids().id());
    loop {
        let now = services.clock().now();
        let directives = directives(services, access, &command).await?;
        let mut look = look(services, access, &command, now).await?;
        // Every time, not only at first: the same question may be waiting twice, and the other one took the runs.
        if command.claim_id.is_some() && !look.something_due {
            look.something_due = was_answered(services, access, &command, claim_id).await?;
        }
        let runs = if look.something_due {
            let take =
                Take { command: &command, claim_id, now, ids: services.ids(), silent_since: now - SILENT };
            services.store().write(access, &take).await?
        } else {
            Vec::new()
        };
        if !runs.is_empty() || !directives.is_empty() || now >= deadline {
            return Ok(Claimed {
                runs,
                directives,
                lease_seconds: LEASE_SECONDS,
                renew_seconds: RENEW_SECONDS,
            });
        }
        let wake = [Some(deadline), Some(now + TICK), look.next_due].into_iter().flatten().min();
        let pause = wake.map_or(TICK, |wake| wake - now).max(Duration::milliseconds(1));
        tokio::select! {
            () = work.changed() => {}
            () = tokio::time::sleep(pause.to_std().unwrap_or_default()) => {}
        }
    }
}

async fn renew(services: &Services, access: &Access<Reporter>, command: &Claim) -> Result<(), ServiceError> {
    if command.held.is_empty() {
        return Ok(());
    }
    let held: Vec<_> = command.held.iter().map(|held| (held.run, held.lease_token)).collect();
    services.store().write(access, &Renew { held, now: services.clock().now() }).await?;
    Ok(())
}

struct Renew {
    held: Vec<(FlowRunId, LeaseToken)>,
    now: DateTime<Utc>,
}

impl Transaction for Renew {
    const NAME: &'static str = "flow_run.renew_leases";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        let expires = self.now + Duration::seconds(i64::from(LEASE_SECONDS));
        flow_run::renew(tx, &self.held, expires, self.now).await
    }
}

async fn directives(
    services: &Services,
    access: &Access<Reporter>,
    command: &Claim,
) -> Result<Vec<Directive>, ServiceError> {
    if command.held.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = command.held.iter().map(|held| held.run).collect();
    let runs = flow_run::held(&services.store().read(access), &ids).await?;
    Ok(command
        .held
        .iter()
        .filter_map(|held| {
            let (action, reason) = match runs.iter().find(|run| run.id == held.run) {
                None => (Action::Abandon, "the run was deleted".to_owned()),
                Some(run) if run.state.is_finished() => {
                    (Action::Abandon, format!("the run is {}", run.state))
                }
                Some(run) if run.lease != Some(held.lease_token) => {
                    (Action::Abandon, "the lease was lost".to_owned())
                }
                Some(run) if run.state == StateType::Cancelling => {
                    (Action::Cancel, "the run is being cancelled".to_owned())
                }
                Some(_) => return None,
            };
            Some(Directive { run: held.run, action, reason })
        })
        .collect())
}

struct Look {
    something_due: bool,
    next_due: Option<DateTime<Utc>>,
}

/// Reads whether anything is due for this agent, and if not, when something will be.
async fn look(
    services: &Services,
    access: &Access<Reporter>,
    command: &Claim,
    now: DateTime<Utc>,
) -> Result<Look, ServiceError> {
    if command.slots == 0 {
        return Ok(Look { something_due: false, next_due: None });
    }
    let tx = services.store().read(access);
    let mut lots = lots_for(&tx, &command.labels).await?;
    if lots.iter().any(|lot| lot.earliest <= now) {
        // Where a limit is full, a freed slot gives a hint: there is no time to wait for.
        let ledger = concurrency::ledger(&tx, About::Label).await?;
        lots.retain(|lot| ledger.free(lot.labels.as_slice()) != Some(0));
    }
    let earliest = lots.iter().map(|lot| lot.earliest).min();
    if earliest.is_some_and(|earliest| earliest <= now) {
        return Ok(Look { something_due: true, next_due: None });
    }
    let retries = flow_run::retry_due_runs(&tx, now - RETRY_GRACE, Some(now - SILENT), MOST).await?;
    let something_due = retries.iter().any(|(_, labels)| may_take(&command.labels, labels));
    let retry = flow_run::earliest_retry(&tx).await?.map(|due| due + RETRY_GRACE).filter(|due| *due > now);
    Ok(Look { something_due, next_due: [earliest, retry].into_iter().flatten().min() })
}

/// Whether this very question was answered with runs before, and the answer was lost on the way.
async fn was_answered(
    services: &Services,
    access: &Access<Reporter>,
    command: &Claim,
    claim_id: Uuid,
) -> Result<bool, ServiceError> {
    let submitted = flow_run::submitted_by_claim(&services.store().read(access), command.agent).await?;
    Ok(submitted.iter().any(|(run, token)| lease_token(claim_id, *run) == *token))
}

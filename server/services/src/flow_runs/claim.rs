//! Hands runs to our agents: one long poll that renews leases, brings orders to stop, and takes what is due.

mod board;
mod take;

use super::{Occasion, Settle, waiting::lots_for};
use crate::{ServiceError, Services, agents, schedules};
use board::Board;
pub(crate) use board::Boards;
use chrono::{DateTime, Duration, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    lease::{Asked, Intervals},
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet, LeaseToken, StateType};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::flow_run::{self, Asker, ClaimedFlowRun, Draw},
};
use std::sync::Arc;
use take::{Take, lease_token};
use uuid::Uuid;

/// Longest wait of one poll: short of the 30 seconds at which common proxies give up.
const LONGEST_WAIT: Duration = Duration::seconds(25);
/// Reads again this often without a hint: a lost hint costs this much.
const TICK: Duration = Duration::seconds(10);
/// Looks again so soon when others took what was due; each time twice as late, for the runs may not be for the taking.
const SOON: Duration = Duration::milliseconds(25);
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
    /// Which question of which process it is, by which the server sees that an earlier answer never arrived.
    pub asked: Option<Asked>,
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

impl Claimed {
    fn nothing(intervals: &Intervals) -> Self {
        Self {
            runs: Vec::new(),
            directives: Vec::new(),
            lease_seconds: seconds(intervals.lease),
            renew_seconds: seconds(intervals.renewal()),
        }
    }
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
    // Before the first read, or a change in between would be missed until the tick.
    let mut work = services.subscribe(Topic::Work(access.tenant()));
    let mut keys = services.subscribe(Topic::Access(access.tenant()));
    if !agents::note_poll(services, access, command.agent).await? {
        return Err(ServiceError::not_found("Agent", command.agent));
    }
    let deadline = services.clock().now() + command.wait.clamp(Duration::zero(), LONGEST_WAIT);
    renew(services, access, &command).await?;
    // Boxed, like everything rare: the compiler computes one layout for all that a request may await.
    Box::pin(hand_out_again(services, access, &command)).await?;
    let question = Question {
        id: command.claim_id.unwrap_or_else(|| services.ids().id()),
        board: services.boards().of(services, access.tenant()),
        command: &command,
    };
    let _parked = command.claim_id.map(|_| question.board.park(command.agent));
    let (mut first, mut missed) = (true, 0);
    loop {
        let now = services.clock().now();
        let directives = directives(services, access, &command).await?;
        let found = question.look_and_take(services, access, first).await?;
        if !found.runs.is_empty() || !directives.is_empty() || now >= deadline {
            let nothing = Claimed::nothing(services.intervals());
            return Ok(Claimed { runs: found.runs, directives, ..nothing });
        }
        first = false;
        // Others who take at this moment keep more runs from us than they end up with, and say so to nobody.
        missed = if found.missed { missed + 1 } else { 0 };
        let soon = now + SOON * 2_i32.pow(missed.min(8));
        let look_again = if found.missed { found.look_again.min(soon) } else { found.look_again };
        let pause = (look_again.min(deadline) - now).max(Duration::milliseconds(1));
        tokio::select! {
            biased;
            // Perhaps the key of this request: whoever asks again shows whether his is good.
            () = keys.changed() => return Ok(Claimed::nothing(services.intervals())),
            () = work.changed() => {}
            () = tokio::time::sleep(pause.to_std().unwrap_or_default()) => {}
        }
    }
}

fn seconds(interval: Duration) -> i32 {
    i32::try_from(interval.num_seconds()).unwrap_or(i32::MAX)
}

async fn renew(services: &Services, access: &Access<Reporter>, command: &Claim) -> Result<(), ServiceError> {
    if command.held.is_empty() {
        return Ok(());
    }
    let held: Vec<_> = command.held.iter().map(|held| (held.run, held.lease_token)).collect();
    let now = services.clock().now();
    services.store().write(access, &Renew { held, now, expires: now + services.intervals().lease }).await?;
    Ok(())
}

/// Gives back what this process took by an earlier question and never heard of: the answer went to a copy of it that
/// nobody read.
async fn hand_out_again(
    services: &Services,
    access: &Access<Reporter>,
    command: &Claim,
) -> Result<(), ServiceError> {
    let Some(asked) = command.asked else { return Ok(()) };
    let before = flow_run::submitted_before(&services.store().read(access), command.agent, asked).await?;
    for (run, token) in before {
        if command.held.iter().any(|held| held.run == run) {
            continue;
        }
        let settle = Settle::new(services, run, Occasion::Unheard(token));
        if let Some(settled) = services.store().write(access, &settle).await? {
            settled.hint(services, access, run);
        }
    }
    Ok(())
}

struct Renew {
    held: Vec<(FlowRunId, LeaseToken)>,
    now: DateTime<Utc>,
    expires: DateTime<Utc>,
}

impl Transaction for Renew {
    const NAME: &'static str = "flow_run.renew_leases";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        flow_run::renew(tx, &self.held, self.expires, self.now).await
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

/// An agent's question, at the board of its tenant.
struct Question<'a> {
    id: Uuid,
    board: Arc<Board>,
    command: &'a Claim,
}

/// What a question found.
struct Found {
    runs: Vec<ClaimedRun>,
    /// When to look again although there was no hint.
    look_again: DateTime<Utc>,
    /// Whether something was due and there was nothing to take, perhaps because others were just taking it.
    missed: bool,
}

impl Question<'_> {
    async fn look_and_take(
        &self,
        services: &Services,
        access: &Access<Reporter>,
        first: bool,
    ) -> Result<Found, ServiceError> {
        let mut turn = self.board.turn().await;
        let now = services.clock().now();
        // Who does not wait hears no hint that may be on its way from another replica.
        let afresh = first && self.command.wait <= Duration::zero();
        let reading = turn.look(services, access, afresh).await?;
        let has_room = self.command.slots > 0;
        let next = reading.next_for(&self.command.labels).filter(|next| has_room && *next > now);
        let look_again = next.map_or(reading.expires, |next| next.min(reading.expires));
        // Every time, not only at first: the same question may be waiting twice, and the other one took the runs.
        let is_due = has_room && reading.is_due(&self.command.labels, now)
            || self.is_answered_by(reading.submitted(self.command.agent));
        if !is_due {
            drop(turn);
            if !(first && self.was_answered(services, access).await?) {
                return Ok(Found { runs: Vec::new(), look_again, missed: false });
            }
            turn = self.board.turn().await;
        }
        turn.forget();
        let take = Take {
            command: self.command,
            claim_id: self.id,
            now,
            ids: services.ids(),
            intervals: services.intervals(),
        };
        let taken = services.store().write(access, &take).await?;
        drop(turn);
        schedules::announce(services, access, taken.changed);
        let mut look_again = now + TICK;
        if taken.runs.is_empty() {
            // What is due is held back, or was taken by another; what becomes due next must wake us all the same.
            let next = self.next_due(services, access, now).await?;
            look_again = next.map_or(look_again, |next| next.min(look_again));
        }
        let missed = is_due && taken.runs.is_empty() && services.store().has_many_writers();
        Ok(Found { runs: taken.runs, look_again, missed })
    }

    /// When the next run becomes due that the agent may take, within the time that a poll may last.
    async fn next_due(
        &self,
        services: &Services,
        access: &Access<Reporter>,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, ServiceError> {
        let tx = services.store().read(access);
        let lots = lots_for(&tx, &self.command.labels).await?;
        let draws: Vec<Draw<'_>> = lots.iter().map(|lot| Draw { lot, most: 1 }).collect();
        let name = self.command.agent.to_string();
        let asker = Asker { name: &name, now };
        let due = flow_run::due_runs(&tx, asker, &draws, now, now + LONGEST_WAIT, &[]).await?;
        Ok(due.first().map(|run| run.start))
    }

    /// Whether this very question was answered with runs before, and the answer was lost on the way.
    async fn was_answered(
        &self,
        services: &Services,
        access: &Access<Reporter>,
    ) -> Result<bool, ServiceError> {
        if self.command.claim_id.is_none() {
            return Ok(false);
        }
        // The reading may be from before this agent came.
        let tx = services.store().read(access);
        let submitted = flow_run::submitted_by_claims(&tx, &[self.command.agent]).await?;
        Ok(submitted.get(&self.command.agent).is_some_and(|runs| self.is_answered_by(runs)))
    }

    fn is_answered_by(&self, submitted: &[(FlowRunId, LeaseToken)]) -> bool {
        submitted.iter().any(|(run, token)| lease_token(self.id, *run) == *token)
    }
}

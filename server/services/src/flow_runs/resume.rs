//! Resumes a paused flow run.

use super::pause::DUE;
use crate::{Author, ServiceError, Services};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
    run::{
        Proposal, Verdict,
        flow_run::{Sender, decide},
        resume::{self, Paused, Resuming},
    },
};
use signalbox_schema::{ErrorCode, FlowRunId, State, StateType, state::parse_time};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::flow_run::{self, FlowRunUpdate},
};

/// A process that was heard of this recently is there: the stock client sends a heartbeat every 30 seconds.
const ALIVE: TimeDelta = TimeDelta::seconds(75);

/// Resumes a paused run: it is handed out when it is due, or its process goes on. One that was resumed stays as it is.
///
/// # Errors
/// `NOT_FOUND`, and `CONFLICT` for a run that is not paused.
pub async fn resume(
    services: &Services,
    access: &Access<Operator>,
    id: FlowRunId,
    author: &Author,
) -> Result<(), ServiceError> {
    let resume = Resume { id, author, now: services.clock().now(), ids: services.ids() };
    services.store().write(access, &resume).await?;
    services.hint(Topic::Work(access.tenant()));
    services.hint(Topic::FlowRun(access.tenant(), id));
    Ok(())
}

struct Resume<'a> {
    id: FlowRunId,
    author: &'a Author,
    now: DateTime<Utc>,
    ids: &'a dyn Ids,
}

impl Transaction for Resume<'_> {
    const NAME: &'static str = "flow_run.resume";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let missing = || ServiceError::not_found("Flow run", self.id);
        let run = flow_run::load(tx, [self.id], &[]).await?.remove(&self.id).ok_or_else(missing)?;
        let standing = flow_run::standing(tx, self.id).await?.ok_or_else(missing)?;
        let due = standing.serialized_state.as_ref().and_then(|state| {
            let due = state.get("context")?.get(DUE)?.as_str()?;
            parse_time(due)
        });
        let paused = Paused { state: run.state, was_resumed: standing.was_resumed, due };
        let has_process =
            run.start_time.is_some() && standing.heartbeat.is_some_and(|at| self.now - at < ALIVE);
        let is_alive = run.lease.is_some() || has_process;
        let resuming = resume::flow_run(paused, is_alive, self.now)
            .map_err(|refusal| ServiceError::new(ErrorCode::Conflict, refusal.to_string()))?;
        let name = self.author.name(tx).await?;
        let message = self.author.sign("Resumed", &name);
        let state = match resuming {
            Resuming::Nothing => return Ok(()),
            // Not `Resume`: a stock agent takes no flow run that waits in another state than this.
            Resuming::At(time) => State::new(StateType::Scheduled, message).starting_at(time),
            Resuming::Running => State::new(StateType::Running, message),
        };
        let proposal = Proposal { state, version: None, fingerprint: 0 };
        match decide(self.now, &run, Sender::default(), &proposal) {
            Verdict::Apply(transition) => {
                let update = FlowRunUpdate {
                    id: self.id,
                    from_version: run.version,
                    state: proposal.state,
                    fingerprint: None,
                    transition,
                };
                Ok(flow_run::update(tx, &[update], self.ids, self.now).await?)
            }
            Verdict::Replay => Ok(()),
            Verdict::Refuse(rejection) => Err(rejection.into()),
        }
    }
}

//! Pauses a flow run.

use crate::{Author, ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
    run::{
        Proposal, Verdict,
        flow_run::{FlowRunTransition, Sender, decide},
        pause::{self, Pausing},
    },
};
use signalbox_schema::{ErrorCode, FlowRunId, State, StateType, state::format_time};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::flow_run::{self, FlowRunUpdate},
};

/// The entry of a paused state's context that says when the run was to start.
pub(super) const DUE: &str = "due";

/// Pauses a run: one that waits is not handed out, and of one that runs no further tasks start, until it is resumed.
/// One that is paused stays so.
///
/// # Errors
/// `NOT_FOUND`, and `CONFLICT` for a run that has ended or is just being started.
pub async fn pause(
    services: &Services,
    access: &Access<Operator>,
    id: FlowRunId,
    author: &Author,
) -> Result<(), ServiceError> {
    let pause = Pause { id, author, now: services.clock().now(), ids: services.ids() };
    services.store().write(access, &pause).await?;
    services.hint(Topic::FlowRun(access.tenant(), id));
    Ok(())
}

struct Pause<'a> {
    id: FlowRunId,
    author: &'a Author,
    now: DateTime<Utc>,
    ids: &'a dyn Ids,
}

impl Transaction for Pause<'_> {
    const NAME: &'static str = "flow_run.pause";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let missing = || ServiceError::not_found("Flow run", self.id);
        let run = flow_run::load(tx, [self.id], &[]).await?.remove(&self.id).ok_or_else(missing)?;
        let pausing = pause::decide(run.state)
            .map_err(|refusal| ServiceError::new(ErrorCode::Conflict, refusal.to_string()))?;
        if pausing == Pausing::Nothing {
            return Ok(());
        }
        let standing = flow_run::standing(tx, self.id).await?.ok_or_else(missing)?;
        let name = self.author.name(tx).await?;
        let mut state = State::new(StateType::Paused, self.author.sign("Paused", &name));
        if let Some(due) = standing.state_start_time {
            state = state.with_context(DUE, format_time(due).into());
        }
        let proposal = Proposal { state, version: None, fingerprint: 0 };
        match decide(self.now, &run, Sender::default(), &proposal) {
            Verdict::Apply(transition) => {
                // The process of a run that runs stays its agent's.
                let releases_lease = pausing == Pausing::Hold;
                let update = FlowRunUpdate {
                    id: self.id,
                    from_version: run.version,
                    state: proposal.state,
                    fingerprint: None,
                    transition: FlowRunTransition { releases_lease, ..transition },
                };
                Ok(flow_run::update(tx, &[update], self.ids, self.now).await?)
            }
            Verdict::Replay => Ok(()),
            Verdict::Refuse(rejection) => Err(rejection.into()),
        }
    }
}

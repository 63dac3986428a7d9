//! Stops a flow run.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    ids::Ids,
    run::{
        Proposal, Verdict,
        cancel::{Cancellation, decide as decide_cancel},
        flow_run::{Sender, decide},
    },
};
use signalbox_schema::{FlowRunId, State, StateType};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::flow_run::{self, FlowRunUpdate},
};

/// Stops a run: at once when nobody works on it, else by asking those who do. Yields its state after that; a run that
/// has ended keeps its state.
pub async fn cancel(
    services: &Services,
    access: &Access<Reporter>,
    id: FlowRunId,
) -> Result<StateType, ServiceError> {
    let cancel = Cancel { id, now: services.clock().now(), ids: services.ids() };
    let state = services.store().write(access, &cancel).await?;
    services.hint(Topic::Work(access.tenant()));
    services.hint(Topic::FlowRun(access.tenant(), id));
    Ok(state)
}

struct Cancel<'a> {
    id: FlowRunId,
    now: DateTime<Utc>,
    ids: &'a dyn Ids,
}

impl Transaction for Cancel<'_> {
    const NAME: &'static str = "flow_run.cancel";
    type Output = StateType;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<StateType, ServiceError> {
        let mut runs = flow_run::load(tx, [self.id], &[]).await?;
        let run = runs.remove(&self.id).ok_or_else(|| ServiceError::not_found("Flow run", self.id))?;
        let state = match decide_cancel(run.state, run.lease.is_some()) {
            Cancellation::Nothing => return Ok(run.state),
            Cancellation::AtOnce => State::new(StateType::Cancelled, "Flow run is cancelled."),
            Cancellation::Ask => State::new(StateType::Cancelling, "Flow run is cancelling."),
        };
        let kind = state.kind();
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
                flow_run::update(tx, &[update], self.ids, self.now).await?;
                Ok(kind)
            }
            Verdict::Replay => Ok(run.state),
            Verdict::Refuse(rejection) => Err(rejection.into()),
        }
    }
}

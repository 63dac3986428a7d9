//! Puts a flow away: it can be read but not run any more.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
    run::{
        Proposal, Verdict,
        flow_run::{Sender, decide},
    },
};
use signalbox_schema::{FlowId, FlowRunId, State, StateType};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::{
        flow,
        flow_run::{self, FlowRunUpdate},
    },
};

/// Puts a flow away. Runs that its schedule planned are deleted, and waiting runs that somebody made are cancelled;
/// runs that have begun go on.
pub async fn archive(services: &Services, access: &Access<Operator>, id: FlowId) -> Result<(), ServiceError> {
    let archive = Archive { id, ids: services.ids(), now: services.clock().now() };
    let cancelled = services.store().write(access, &archive).await?;
    hint(services, access, cancelled);
    Ok(())
}

struct Archive<'a> {
    id: FlowId,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Archive<'_> {
    const NAME: &'static str = "flow.archive";
    type Output = Vec<FlowRunId>;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<FlowRunId>, ServiceError> {
        flow::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("flow", self.id))?;
        Ok(put_away(tx, self.id, self.ids, self.now).await?)
    }
}

/// Most runs in one statement.
const PIECE: usize = 500;

/// Puts a flow away inside a transaction; the runs that were cancelled with it.
pub(super) async fn put_away(
    tx: &TenantTx,
    id: FlowId,
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<Vec<FlowRunId>, StorageError> {
    flow::archive(tx, id, now).await?;
    flow_run::delete_auto_scheduled(tx, id, now).await?;
    let waiting = flow::waiting_ad_hoc(tx, id).await?;
    let state = State::new(StateType::Cancelled, format!("Flow {id} was archived."));
    let proposal = Proposal { state, version: None, fingerprint: 0 };
    let mut cancelled = Vec::with_capacity(waiting.len());
    for piece in waiting.chunks(PIECE) {
        let runs = flow_run::load(tx, piece.iter().copied(), &[]).await?;
        let mut updates = Vec::with_capacity(runs.len());
        for (run, before) in runs {
            // A waiting run can always be cancelled; one that cannot is none, and stays.
            if let Verdict::Apply(transition) = decide(now, &before, Sender::default(), &proposal) {
                updates.push(FlowRunUpdate {
                    id: run,
                    from_version: before.version,
                    state: proposal.state.clone(),
                    fingerprint: None,
                    transition,
                });
                cancelled.push(run);
            }
        }
        flow_run::update(tx, &updates, ids, now).await?;
    }
    Ok(cancelled)
}

/// Wakes those who wait for runs that were cancelled.
pub(super) fn hint(services: &Services, access: &Access<Operator>, cancelled: Vec<FlowRunId>) {
    for run in cancelled {
        services.hint(Topic::FlowRun(access.tenant(), run));
    }
}

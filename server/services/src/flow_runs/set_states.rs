//! Gives a flow run a state.

use crate::{ServiceError, Services};
use serde_json::Value;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
    ids::Ids,
    run::{
        Proposal, Verdict, fingerprint,
        flow_run::{FlowRunNow, Sender, decide},
    },
};
use signalbox_schema::{FlowRunId, State};
use signalbox_storage::{
    Batch, StorageError, TenantTx,
    repo::flow_run::{self, FlowRunUpdate},
};
use std::{collections::HashMap, sync::Arc};

/// A state for a flow run.
#[derive(Debug)]
pub struct SetFlowRunState {
    /// The run.
    pub id: FlowRunId,
    /// The state as sent.
    pub state: Value,
    /// The version the sender believes in.
    pub version: Option<i64>,
    /// Who sends it.
    pub sender: Sender,
}

/// Gives a flow run a state. A repeated delivery changes nothing and succeeds.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_INPUT` for a state that is none, and the refusals of [`signalbox_core::run::Rejection`].
pub async fn set_state(
    services: &Services,
    access: &Access<Reporter>,
    command: SetFlowRunState,
) -> Result<(), ServiceError> {
    let fingerprint = fingerprint(&command.state, command.version);
    let state = State::parse(command.state, services.clock().now())?;
    state.to_json()?;
    let id = command.id;
    let proposed = Proposed {
        id,
        sender: command.sender,
        proposal: Proposal { state, version: command.version, fingerprint },
    };
    let outcome = services.lanes().set_flow_run_state.submit(services.store(), access, proposed).await?;
    if outcome.changed {
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    if outcome.wakes_agents {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(())
}

/// A state that was read, on its way to a run.
#[derive(Debug)]
pub(crate) struct Proposed {
    id: FlowRunId,
    sender: Sender,
    proposal: Proposal,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    changed: bool,
    wakes_agents: bool,
}

/// Sets states for many callers at once.
pub(crate) struct StateBatch {
    pub ids: Arc<dyn Ids>,
    pub clock: Arc<dyn Clock>,
}

impl Batch for StateBatch {
    const NAME: &'static str = "flow_run.set_state";
    type Command = Proposed;
    type Output = Outcome;
    type Error = ServiceError;

    async fn run(
        &self,
        tx: &TenantTx,
        commands: &[&Proposed],
    ) -> Result<Vec<Result<Outcome, ServiceError>>, StorageError> {
        let now = self.clock.now();
        let expected: Vec<_> =
            commands.iter().filter_map(|command| Some((command.id, command.proposal.version?))).collect();
        let mut runs = flow_run::load(tx, commands.iter().map(|command| command.id), &expected).await?;
        let mut updates = Vec::with_capacity(commands.len());
        let mut results = Vec::with_capacity(commands.len());
        for command in commands {
            results.push(apply(command, &mut runs, &mut updates, now));
        }
        // Several states of one run in one batch follow each other; the row is written once per state, in order.
        flow_run::update(tx, &updates, &*self.ids, now).await?;
        Ok(results)
    }
}

fn apply(
    command: &Proposed,
    runs: &mut HashMap<FlowRunId, FlowRunNow>,
    updates: &mut Vec<FlowRunUpdate>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Outcome, ServiceError> {
    let Some(run) = runs.get_mut(&command.id) else {
        return Err(ServiceError::new(
            signalbox_schema::ErrorCode::NotFound,
            format!("State update failed for flow run ID {}: it was not found.", command.id),
        ));
    };
    match decide(now, run, command.sender, &command.proposal) {
        Verdict::Replay => Ok(Outcome::default()),
        Verdict::Refuse(rejection) => Err(rejection.into()),
        Verdict::Apply(transition) => {
            let outcome = Outcome { changed: true, wakes_agents: transition.wakes_agents };
            let from_version = run.version;
            run.state = command.proposal.state.kind();
            run.version = transition.version;
            run.fingerprint = Some(command.proposal.fingerprint);
            run.agent = transition.agent;
            run.start_time = transition.start_time;
            run.end_time = transition.end_time;
            if transition.releases_lease {
                run.lease = None;
            }
            updates.push(FlowRunUpdate {
                id: command.id,
                from_version,
                state: command.proposal.state.clone(),
                fingerprint: Some(command.proposal.fingerprint),
                transition,
            });
            Ok(outcome)
        }
    }
}

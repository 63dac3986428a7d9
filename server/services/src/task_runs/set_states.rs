//! Gives a task run a state.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
    ids::Ids,
    run::{Proposal, Verdict, fingerprint, task_run::decide},
};
use signalbox_schema::{ErrorCode, FlowRunId, State, TaskRunId};
use signalbox_storage::{
    Batch, StorageError, TenantTx,
    repo::task_run::{self, LoadedTaskRun, TaskRunUpdate},
};
use std::{collections::HashMap, sync::Arc};

/// A state for a task run.
#[derive(Debug)]
pub struct SetTaskRunState {
    /// The task run.
    pub id: TaskRunId,
    /// The state as sent.
    pub state: Value,
    /// The version the sender believes in.
    pub version: Option<i64>,
}

/// Gives a task run a state. A repeated delivery changes nothing and succeeds.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_INPUT` for a state that is none, and the refusals of [`signalbox_core::run::Rejection`].
pub async fn set_state(
    services: &Services,
    access: &Access<Reporter>,
    command: SetTaskRunState,
) -> Result<(), ServiceError> {
    let fingerprint = fingerprint(&command.state, command.version);
    let state = State::parse(command.state, services.clock().now())?;
    state.to_json()?;
    let proposed =
        Proposed { id: command.id, proposal: Proposal { state, version: command.version, fingerprint } };
    let outcome = services.lanes().set_task_run_state.submit(services.store(), access, proposed).await?;
    if let Some(run) = outcome.changed {
        services.hint(Topic::FlowRun(access.tenant(), run));
    }
    if outcome.wakes_agents {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(())
}

/// A state that was read, on its way to a task run.
#[derive(Debug)]
pub(crate) struct Proposed {
    id: TaskRunId,
    proposal: Proposal,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    changed: Option<FlowRunId>,
    wakes_agents: bool,
}

/// Sets states for many callers at once.
pub(crate) struct StateBatch {
    pub ids: Arc<dyn Ids>,
    pub clock: Arc<dyn Clock>,
}

impl Batch for StateBatch {
    const NAME: &'static str = "task_run.set_state";
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
        let mut runs = task_run::load(tx, commands.iter().map(|command| command.id), &expected).await?;
        let mut updates = Vec::with_capacity(commands.len());
        let mut results = Vec::with_capacity(commands.len());
        for command in commands {
            results.push(apply(command, &mut runs, &mut updates, now));
        }
        task_run::update(tx, &updates, &*self.ids, now).await?;
        Ok(results)
    }
}

fn apply(
    command: &Proposed,
    runs: &mut HashMap<TaskRunId, LoadedTaskRun>,
    updates: &mut Vec<TaskRunUpdate>,
    now: DateTime<Utc>,
) -> Result<Outcome, ServiceError> {
    let Some(loaded) = runs.get_mut(&command.id) else {
        return Err(ServiceError::new(
            ErrorCode::NotFound,
            format!("State update failed for task run ID {}: it was not found.", command.id),
        ));
    };
    match decide(now, &loaded.now, &command.proposal) {
        Verdict::Replay => Ok(Outcome::default()),
        Verdict::Refuse(rejection) => Err(rejection.into()),
        Verdict::Apply(transition) => {
            let mut state = command.proposal.state.clone();
            match (state.cached_inputs(), &loaded.cached_inputs) {
                (None, Some(inputs)) => state = state.with_cached_inputs(inputs.clone()),
                (Some(inputs), _) => loaded.cached_inputs = Some(inputs.clone()),
                (None, None) => {}
            }
            let run = &mut loaded.now;
            let from_version = run.version;
            run.state = Some(state.kind());
            run.version = transition.version;
            run.fingerprint = Some(command.proposal.fingerprint);
            run.start_time = transition.start_time;
            run.end_time = transition.end_time;
            let outcome = Outcome { changed: Some(loaded.flow_run), wakes_agents: transition.wakes_agents };
            updates.push(TaskRunUpdate {
                id: command.id,
                flow_run: loaded.flow_run,
                flow: loaded.flow,
                from_version,
                state,
                fingerprint: Some(command.proposal.fingerprint),
                transition,
            });
            Ok(outcome)
        }
    }
}

//! Gives a task run a state.

use crate::{ServiceError, Services, concurrency_limits::Slots, flow_runs::Told};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
    concurrency::{Full, task_needs_slots},
    ids::Ids,
    run::{
        Proposal, Rejection, Verdict, fingerprint,
        flow_run::Sender,
        task_run::{decide, queue},
    },
};
use signalbox_schema::{ErrorCode, FlowRunId, State, StateType, TaskRunId};
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
    /// Who sends it.
    pub sender: Sender,
}

/// Gives a task run a state. A repeated delivery changes nothing and succeeds.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_INPUT` for a state that is none, and the refusals of [`signalbox_core::run::Rejection`].
pub async fn set_state(
    services: &Services,
    access: &Access<Reporter>,
    command: SetTaskRunState,
) -> Result<Told, ServiceError> {
    let fingerprint = fingerprint(&command.state, command.version);
    let state = State::parse(command.state, services.clock().now())?;
    state.to_json()?;
    let proposed = Proposed {
        id: command.id,
        sender: command.sender,
        proposal: Proposal { state, version: command.version, fingerprint },
    };
    let outcome = services.lanes().set_task_run_state.submit(services.store(), access, proposed).await?;
    if let Some(run) = outcome.changed {
        services.hint(Topic::FlowRun(access.tenant(), run));
    }
    if outcome.wakes_agents {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(outcome.queued.map_or(Told::Set, Told::Queued))
}

/// A state that was read, on its way to a task run.
#[derive(Debug)]
pub(crate) struct Proposed {
    id: TaskRunId,
    sender: Sender,
    proposal: Proposal,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    changed: Option<FlowRunId>,
    wakes_agents: bool,
    queued: Option<String>,
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
        let begun = commands.iter().filter(|it| it.proposal.state.kind() == StateType::Running);
        let begun: Vec<TaskRunId> = begun.map(|command| command.id).collect();
        let slots = Slots::of_task_runs(tx, &begun).await?;
        let mut runs = task_run::load(tx, commands.iter().map(|command| command.id), &expected).await?;
        let mut batch = Decisions { slots, updates: Vec::with_capacity(commands.len()), queued: Vec::new() };
        let results = commands.iter().map(|command| batch.apply(command, &mut runs, now)).collect();
        task_run::update(tx, &batch.updates, &*self.ids, now).await?;
        for (id, version, full) in &batch.queued {
            put_in_queue(tx, *id, (*version, full), &*self.ids, now).await?;
        }
        Ok(results)
    }
}

/// What a batch has decided so far.
struct Decisions {
    slots: Slots,
    updates: Vec<TaskRunUpdate>,
    /// Task runs that must wait, their versions then, and for what.
    queued: Vec<(TaskRunId, i64, Full)>,
}

impl Decisions {
    fn apply(
        &mut self,
        command: &Proposed,
        runs: &mut HashMap<TaskRunId, LoadedTaskRun>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, ServiceError> {
        let Some(loaded) = runs.get_mut(&command.id) else {
            return Err(ServiceError::new(
                ErrorCode::NotFound,
                format!("State update failed for task run ID {}: it was not found.", command.id),
            ));
        };
        let transition = match decide(now, &loaded.now, command.sender, &command.proposal) {
            Verdict::Replay => return Ok(Outcome::default()),
            // The process waits, as for a slot, until the run is resumed.
            Verdict::Refuse(Rejection::FlowRunNotRunning(StateType::Paused)) => {
                let queued = Some("the flow run is paused".to_owned());
                return Ok(Outcome { queued, ..Outcome::default() });
            }
            Verdict::Refuse(rejection) => return Err(rejection.into()),
            Verdict::Apply(transition) => transition,
        };
        let changed = Some(loaded.flow_run);
        let mut state = command.proposal.state.clone();
        if task_needs_slots(loaded.now.state, state.kind())
            && let Err(full) = self.slots.ask(command.id.0)
        {
            let queued = Some(full.to_string());
            self.queued.push((command.id, loaded.now.version, full));
            return Ok(Outcome { changed, wakes_agents: false, queued });
        }
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
        let outcome = Outcome { changed, wakes_agents: transition.wakes_agents, queued: None };
        self.updates.push(TaskRunUpdate {
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

/// Makes a task run `Queued`, unless it is. One that got another state later in the same batch is left alone.
async fn put_in_queue(
    tx: &TenantTx,
    id: TaskRunId,
    (version, full): (i64, &Full),
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let loaded = task_run::load(tx, [id], &[]).await?.remove(&id);
    let Some(loaded) = loaded.filter(|loaded| loaded.now.version == version) else { return Ok(()) };
    if loaded.now.state == Some(StateType::Queued) {
        return Ok(());
    }
    let waiting = task_run::serialized_state(tx, id).await?.unwrap_or_default();
    let (mut state, transition) = queue(now, &loaded.now, waiting, full);
    if let Some(inputs) = loaded.cached_inputs {
        state = state.with_cached_inputs(inputs);
    }
    let update = TaskRunUpdate {
        id,
        flow_run: loaded.flow_run,
        flow: loaded.flow,
        from_version: version,
        state,
        fingerprint: None,
        transition,
    };
    task_run::update(tx, &[update], ids, now).await
}

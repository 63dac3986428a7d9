//! Gives a flow run a state.

use crate::{
    ServiceError, Services,
    concurrency_limits::Slots,
    schedules::{self, Admission},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
    concurrency::{Full, needs_slots, occupies, takes_slots},
    ids::Ids,
    run::{
        Proposal, Rejection, Verdict, fingerprint,
        flow_run::{FlowRunNow, QUEUED_FOR, Sender, decide, queue},
    },
};
use signalbox_schema::{FlowRunId, State, StateType};
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

/// What became of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The run has it.
    Set,
    /// The run's process must wait for a free slot, and ask again; why.
    Queued(String),
}

/// Gives a flow run a state. A repeated delivery changes nothing and succeeds.
///
/// # Errors
/// `NOT_FOUND`, `INVALID_INPUT` for a state that is none, and the refusals of [`signalbox_core::run::Rejection`].
pub async fn set_state(
    services: &Services,
    access: &Access<Reporter>,
    command: SetFlowRunState,
) -> Result<Told, ServiceError> {
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
    schedules::announce(services, access, outcome.judged);
    if outcome.changed {
        services.hint(Topic::FlowRun(access.tenant(), id));
    }
    if outcome.wakes_agents {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(outcome.queued.map_or(Told::Set, Told::Queued))
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
    queued: Option<String>,
    /// Other runs, which the policy of their schedule skipped or cancelled because this one starts.
    judged: Vec<FlowRunId>,
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
        let begun = commands.iter().filter(|it| takes_slots(it.proposal.state.kind()));
        let begun: Vec<FlowRunId> = begun.map(|command| command.id).collect();
        let slots = Slots::of_flow_runs(tx, &begun).await?;
        // Stock agents are handed runs ahead of their time; here is where one of a schedule starts, or may not.
        let submitted = commands.iter().filter(|it| it.proposal.state.kind() == StateType::Submitted);
        let candidates: Vec<FlowRunId> = submitted.map(|command| command.id).collect();
        let mut admission = Admission::ask(tx, &candidates, &*self.ids, now).await?;
        let mut runs = flow_run::load(tx, commands.iter().map(|command| command.id), &expected).await?;
        let mut batch = Decisions {
            slots,
            held: std::mem::take(&mut admission.held),
            updates: Vec::with_capacity(commands.len()),
            queued: Vec::new(),
        };
        let mut results: Vec<_> =
            commands.iter().map(|command| batch.apply(command, &mut runs, now)).collect();
        // Several states of one run in one batch follow each other; the row is written once per state, in order.
        flow_run::update(tx, &batch.updates, &*self.ids, now).await?;
        for (id, run, full) in &batch.queued {
            put_in_queue(tx, *id, (run, full), &*self.ids, now).await?;
        }
        let judged = admission.close(tx, &*self.ids, now).await?;
        if let Some(Ok(outcome)) = results.iter_mut().find(|result| result.is_ok()) {
            outcome.judged = judged;
        }
        Ok(results)
    }
}

/// What a batch has decided so far.
struct Decisions {
    slots: Slots,
    /// Runs that must not be submitted, and why not.
    held: HashMap<FlowRunId, String>,
    updates: Vec<FlowRunUpdate>,
    /// Runs that must wait, as they were then, and for what.
    queued: Vec<(FlowRunId, FlowRunNow, Full)>,
}

impl Decisions {
    fn apply(
        &mut self,
        command: &Proposed,
        runs: &mut HashMap<FlowRunId, FlowRunNow>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, ServiceError> {
        let Some(run) = runs.get_mut(&command.id) else {
            return Err(ServiceError::new(
                signalbox_schema::ErrorCode::NotFound,
                format!("State update failed for flow run ID {}: it was not found.", command.id),
            ));
        };
        let next = command.proposal.state.kind();
        if let Some(why) = self.held.get(&command.id).filter(|_| next == StateType::Submitted) {
            return Err(Rejection::Held(why.clone()).into());
        }
        let transition = match decide(now, run, command.sender, &command.proposal) {
            Verdict::Replay => return Ok(Outcome::default()),
            Verdict::Refuse(rejection) => return Err(rejection.into()),
            Verdict::Apply(transition) => transition,
        };
        if needs_slots(run.state, next)
            && let Err(full) = self.slots.ask(command.id.0)
        {
            if next == StateType::Submitted {
                // The stock agent starts the process whatever else it is answered (reference §1.4).
                return Err(Rejection::LimitReached(full).into());
            }
            let queued = Some(full.to_string());
            self.queued.push((command.id, run.clone(), full));
            return Ok(Outcome { changed: true, queued, ..Outcome::default() });
        }
        // A slot may have become free, whatever the run is now.
        let wakes_agents = transition.wakes_agents || occupies(run.state) && !occupies(next);
        let outcome = Outcome { changed: true, wakes_agents, ..Outcome::default() };
        let from_version = run.version;
        run.state = next;
        run.version = transition.version;
        run.fingerprint = Some(command.proposal.fingerprint);
        run.agent = transition.agent;
        run.start_time = transition.start_time;
        run.end_time = transition.end_time;
        if transition.releases_lease {
            run.lease = None;
        }
        self.updates.push(FlowRunUpdate {
            id: command.id,
            from_version,
            state: command.proposal.state.clone(),
            fingerprint: Some(command.proposal.fingerprint),
            transition,
        });
        Ok(outcome)
    }
}

/// Makes a run `Queued`, or lets it stay so. One that got another state later in the same batch is left alone.
async fn put_in_queue(
    tx: &TenantTx,
    id: FlowRunId,
    (run, full): (&FlowRunNow, &Full),
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let Some((version, stored)) = flow_run::stored_state(tx, id).await? else { return Ok(()) };
    if version != run.version {
        return Ok(());
    }
    if run.state == StateType::Queued {
        if let Ok(state) = State::parse(stored, now) {
            flow_run::stay_queued(tx, id, &state.starting_at(now + QUEUED_FOR), now).await?;
        }
        return Ok(());
    }
    let (state, transition) = queue(now, run, stored, full);
    let update = FlowRunUpdate { id, from_version: run.version, state, fingerprint: None, transition };
    flow_run::update(tx, &[update], ids, now).await
}

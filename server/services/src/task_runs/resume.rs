//! Resumes a paused task run, which is how a manual approval is given.

use crate::{Author, ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
    run::{
        resume::{self, Paused, Resuming},
        task_run::TaskRunTransition,
    },
};
use signalbox_schema::{ErrorCode, FlowRunId, State, StateType, TaskRunId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::task_run::{self, TaskRunUpdate},
};

/// Approves a paused task run: it is `Resume`, and its flow run is handed out again. One that was approved stays as it
/// is. Who approved is in the state's message and context.
///
/// # Errors
/// `NOT_FOUND`, and `CONFLICT` for a task run that is not paused or whose flow run has ended.
pub async fn resume(
    services: &Services,
    access: &Access<Operator>,
    id: TaskRunId,
    author: &Author,
) -> Result<(), ServiceError> {
    let resume = Resume { id, author, now: services.clock().now(), ids: services.ids() };
    let flow_run = services.store().write(access, &resume).await?;
    services.hint(Topic::Work(access.tenant()));
    services.hint(Topic::FlowRun(access.tenant(), flow_run));
    Ok(())
}

struct Resume<'a> {
    id: TaskRunId,
    author: &'a Author,
    now: DateTime<Utc>,
    ids: &'a dyn Ids,
}

impl Transaction for Resume<'_> {
    const NAME: &'static str = "task_run.resume";
    type Output = FlowRunId;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<FlowRunId, ServiceError> {
        let loaded = task_run::load(tx, [self.id], &[]).await?.remove(&self.id);
        let loaded = loaded.ok_or_else(|| ServiceError::not_found("Task run", self.id))?;
        let run = loaded.now;
        let was_resumed = task_run::was_resumed(tx, self.id).await?;
        let paused = Paused { state: run.state.unwrap_or(StateType::Pending), was_resumed, due: None };
        let resuming = resume::task_run(paused, run.flow_run_state, self.now)
            .map_err(|refusal| ServiceError::new(ErrorCode::Conflict, refusal.to_string()))?;
        let time = match resuming {
            Resuming::At(time) => time,
            Resuming::Nothing | Resuming::Running => return Ok(loaded.flow_run),
        };
        let name = self.author.name(tx).await?;
        let mut state = State::new(StateType::Resume, self.author.sign("Approved", &name))
            .starting_at(time)
            .with_context("approved_by", name.into());
        if let Some(inputs) = loaded.cached_inputs {
            state = state.with_cached_inputs(inputs);
        }
        let update = TaskRunUpdate {
            id: self.id,
            flow_run: loaded.flow_run,
            flow: loaded.flow,
            from_version: run.version,
            state,
            fingerprint: None,
            transition: TaskRunTransition {
                version: run.version + 1,
                start_time: run.start_time,
                end_time: run.end_time,
                heartbeat: false,
                wakes_agents: true,
            },
        };
        task_run::update(tx, &[update], self.ids, self.now).await?;
        Ok(loaded.flow_run)
    }
}

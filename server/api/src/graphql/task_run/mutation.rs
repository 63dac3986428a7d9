//! Mutations of task runs: found or made, and reported on.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SetStatesPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Json, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_core::run::flow_run::Sender;
use signalbox_schema::{FlowRunId, TaskId, TaskRunId};
use signalbox_services::{
    ServiceError,
    task_runs::{self, SetTaskRunState, TaskRunInfo, TaskRunKey},
};
use uuid::Uuid;

/// Which task run.
#[derive(Debug, InputObject)]
#[graphql(name = "get_or_create_task_run_info_input", rename_fields = "snake_case")]
struct GetOrCreateTaskRunInfoInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// The task.
    task_id: Uuid,
    /// Which element of a mapped task; −1 (default) means not mapped.
    map_index: Option<i32>,
}

/// Which task run.
#[derive(Debug, InputObject)]
#[graphql(name = "get_or_create_task_run_input", rename_fields = "snake_case")]
struct GetOrCreateTaskRunInput {
    /// The flow run.
    flow_run_id: Uuid,
    /// The task.
    task_id: Uuid,
    /// Which element of a mapped task; −1 (default) means not mapped.
    map_index: Option<i32>,
}

/// A state for a task run.
#[derive(Debug, InputObject)]
#[graphql(name = "set_task_run_state_input", rename_fields = "snake_case")]
struct SetTaskRunStateInput {
    /// The task run.
    task_run_id: Uuid,
    /// The version the sender believes in; null sets the state unconditionally.
    version: Option<i64>,
    /// Version of the flow run; no client sends it, and it is not used.
    flow_run_version: Option<i64>,
    /// The serialized state.
    state: Json<Value>,
}

/// States for task runs.
#[derive(Debug, InputObject)]
#[graphql(name = "set_task_run_states_input", rename_fields = "snake_case")]
struct SetTaskRunStatesInput {
    /// The states, in order.
    states: Vec<SetTaskRunStateInput>,
}

/// A task run that lives.
#[derive(Debug, InputObject)]
#[graphql(name = "update_task_run_heartbeat_input", rename_fields = "snake_case")]
struct UpdateTaskRunHeartbeatInput {
    /// The task run.
    task_run_id: Uuid,
}

/// A task run as its runner needs it.
#[derive(Debug, SimpleObject)]
#[graphql(name = "get_or_create_task_run_info_payload", rename_fields = "snake_case")]
struct TaskRunInfoPayload {
    /// The task run.
    id: Uuid,
    /// Count of its states.
    version: i64,
    /// The state to go on from.
    serialized_state: Option<Json<Value>>,
}

/// Mutations of task runs.
#[derive(Debug, Default)]
pub struct TaskRunMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl TaskRunMutation {
    /// The task run of a task in a flow run, made if there is none.
    async fn get_or_create_task_run_info(
        &self,
        ctx: &Context<'_>,
        input: GetOrCreateTaskRunInfoInput,
    ) -> Result<TaskRunInfoPayload> {
        let info = get_or_create(ctx, input.flow_run_id, input.task_id, input.map_index).await?;
        Ok(TaskRunInfoPayload {
            id: info.id.0,
            version: info.version,
            serialized_state: info.serialized_state.map(Json),
        })
    }

    /// The id of the same.
    async fn get_or_create_task_run(
        &self,
        ctx: &Context<'_>,
        input: GetOrCreateTaskRunInput,
    ) -> Result<IdPayload> {
        let info = get_or_create(ctx, input.flow_run_id, input.task_id, input.map_index).await?;
        Ok(info.id.0.into())
    }

    /// Gives task runs states.
    async fn set_task_run_states(
        &self,
        ctx: &Context<'_>,
        input: SetTaskRunStatesInput,
    ) -> Result<SetStatesPayload> {
        let access = ctx.access()?;
        let mut told = Vec::with_capacity(input.states.len());
        for state in input.states {
            let id = state.task_run_id;
            let sender = Sender { agent: ctx.agent(), lease: None };
            let command =
                SetTaskRunState { id: TaskRunId(id), state: state.state.0, version: state.version, sender };
            told.push((id, task_runs::set_state(ctx.services()?, &access, command).await?));
        }
        Ok(SetStatesPayload::new(told))
    }

    /// Notes that a task run lives. `success` says whether there is such a one.
    async fn update_task_run_heartbeat(
        &self,
        ctx: &Context<'_>,
        input: UpdateTaskRunHeartbeatInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(task_runs::heartbeat(ctx.services()?, &access, TaskRunId(input.task_run_id)).await?.into())
    }
}

async fn get_or_create(
    ctx: &Context<'_>,
    flow_run: Uuid,
    task: Uuid,
    map_index: Option<i32>,
) -> Result<TaskRunInfo, ServiceError> {
    let access = ctx.access()?;
    let key = TaskRunKey {
        flow_run: FlowRunId(flow_run),
        task: TaskId(task),
        map_index: map_index.unwrap_or(-1).into(),
    };
    task_runs::get_or_create(ctx.services()?, &access, key).await
}

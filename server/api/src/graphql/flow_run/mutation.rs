//! Mutations of flow runs: made, reported on, stopped.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SetStatesPayload, SuccessPayload},
    scalar::Timestamp,
};
use async_graphql::{Context, InputObject, Json, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_core::run::flow_run::Sender;
use signalbox_schema::{FlowId, FlowRunId, LeaseToken};
use signalbox_services::{
    ServiceError,
    flow_runs::{self, CreateFlowRun, FlowRef, SetFlowRunState},
};
use uuid::Uuid;

/// A run to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_flow_run_input", rename_fields = "snake_case")]
struct CreateFlowRunInput {
    /// The flow version. Either this or `version_group_id` is needed.
    flow_id: Option<Uuid>,
    /// The version group, whose newest version that is not archived runs.
    version_group_id: Option<String>,
    /// Values for parameters, over the defaults: an object.
    parameters: Option<Json<Value>>,
    /// The context: an object.
    context: Option<Json<Value>>,
    /// Labels, instead of the flow's; an empty list counts.
    labels: Option<Vec<String>>,
    /// Run config, instead of the flow's: an object.
    run_config: Option<Json<Value>>,
    /// When to start; now, if absent.
    scheduled_start_time: Option<Timestamp>,
    /// Name of the run; two words, if absent.
    flow_run_name: Option<String>,
    /// One run per key and flow: the same key again yields the run that was made first.
    idempotency_key: Option<String>,
    /// Among runs that are due, those of higher priority are handed out first: from -1000 to 1000; the flow group's (0,
    /// unless set) if absent.
    priority: Option<i64>,
}

/// A state for a flow run.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_run_state_input", rename_fields = "snake_case")]
struct SetFlowRunStateInput {
    /// The run.
    flow_run_id: Uuid,
    /// The version the sender believes in; null sets the state unconditionally.
    version: Option<i64>,
    /// The serialized state.
    state: Json<Value>,
    /// The sender's lease. A stale one is refused with `LEASE_LOST`.
    lease_token: Option<Uuid>,
}

/// States for flow runs.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_run_states_input", rename_fields = "snake_case")]
struct SetFlowRunStatesInput {
    /// The states, in order.
    states: Vec<SetFlowRunStateInput>,
}

/// A run to stop.
#[derive(Debug, InputObject)]
#[graphql(name = "cancel_flow_run_input", rename_fields = "snake_case")]
struct CancelFlowRunInput {
    /// The run.
    flow_run_id: Uuid,
}

/// A run that lives.
#[derive(Debug, InputObject)]
#[graphql(name = "update_flow_run_heartbeat_input", rename_fields = "snake_case")]
struct UpdateFlowRunHeartbeatInput {
    /// The run.
    flow_run_id: Uuid,
}

/// State of a run after the wish to stop it.
#[derive(Debug, SimpleObject)]
#[graphql(name = "cancel_flow_run_payload", rename_fields = "snake_case")]
struct CancelFlowRunPayload {
    /// `Cancelled` when nobody worked on it, `Cancelling` while somebody does, else the state in which it ended.
    state: String,
}

/// Mutations of flow runs.
#[derive(Debug, Default)]
pub struct FlowRunMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl FlowRunMutation {
    /// Makes a flow run.
    async fn create_flow_run(&self, ctx: &Context<'_>, input: CreateFlowRunInput) -> Result<IdPayload> {
        let flow = match (input.flow_id, input.version_group_id) {
            (Some(id), _) => FlowRef::Version(FlowId(id)),
            (None, Some(group)) => FlowRef::VersionGroup(group),
            (None, None) => {
                return Err(ServiceError::invalid("either flow_id or version_group_id is needed").into());
            }
        };
        let parameters = match input.parameters.map(|json| json.0) {
            None | Some(Value::Null) => None,
            Some(Value::Object(parameters)) => Some(parameters),
            Some(_) => return Err(ServiceError::invalid("parameters must be a JSON object").into()),
        };
        let command = CreateFlowRun {
            flow,
            parameters,
            context: object("context", input.context)?,
            labels: input.labels,
            run_config: object("run_config", input.run_config)?,
            scheduled_start_time: input.scheduled_start_time.map(|time| time.0),
            name: input.flow_run_name,
            idempotency_key: input.idempotency_key,
            priority: input.priority,
            slot: None,
        };
        let access = ctx.access()?;
        Ok(flow_runs::create(ctx.services()?, &access, command).await?.id.0.into())
    }

    /// Gives flow runs states.
    async fn set_flow_run_states(
        &self,
        ctx: &Context<'_>,
        input: SetFlowRunStatesInput,
    ) -> Result<SetStatesPayload> {
        let access = ctx.access()?;
        let mut told = Vec::with_capacity(input.states.len());
        for state in input.states {
            let id = state.flow_run_id;
            let sender = Sender { agent: ctx.agent(), lease: state.lease_token.map(LeaseToken) };
            let command =
                SetFlowRunState { id: FlowRunId(id), state: state.state.0, version: state.version, sender };
            told.push((id, flow_runs::set_state(ctx.services()?, &access, command).await?));
        }
        Ok(SetStatesPayload::new(told))
    }

    /// Stops a flow run.
    async fn cancel_flow_run(
        &self,
        ctx: &Context<'_>,
        input: CancelFlowRunInput,
    ) -> Result<CancelFlowRunPayload> {
        let access = ctx.access()?;
        let state = flow_runs::cancel(ctx.services()?, &access, FlowRunId(input.flow_run_id)).await?;
        Ok(CancelFlowRunPayload { state: state.as_str().to_owned() })
    }

    /// Notes that a flow run lives. `success` says whether there is such a run.
    async fn update_flow_run_heartbeat(
        &self,
        ctx: &Context<'_>,
        input: UpdateFlowRunHeartbeatInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(flow_runs::heartbeat(ctx.services()?, &access, FlowRunId(input.flow_run_id)).await?.into())
    }
}

fn object(field: &str, value: Option<Json<Value>>) -> Result<Option<Value>, ServiceError> {
    match value.map(|json| json.0) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(value)),
        Some(_) => Err(ServiceError::invalid(format!("{field} must be a JSON object"))),
    }
}

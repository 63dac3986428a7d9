//! How our agents get, keep and give back runs.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, Enum, InputObject, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use signalbox_core::lease::Asked;
use signalbox_schema::{AgentId, FlowRunId, LabelSet, LeaseToken};
use signalbox_services::{
    ServiceError,
    flow_runs::{self, Action, Claim, ClaimedRun, Directive, Held, ProcessExit},
};
use uuid::Uuid;

/// A lease that the agent has.
#[derive(Debug, InputObject)]
#[graphql(name = "held_lease_input", rename_fields = "snake_case")]
struct HeldLeaseInput {
    /// The run.
    flow_run_id: Uuid,
    /// The proof.
    lease_token: Uuid,
}

/// An agent's question.
#[derive(Debug, InputObject)]
#[graphql(name = "claim_flow_runs_input", rename_fields = "snake_case")]
struct ClaimFlowRunsInput {
    /// The agent.
    agent_id: Uuid,
    /// Its labels.
    labels: Vec<String>,
    /// How many more runs it can start; 0 asks for directives only.
    slots: i32,
    /// How long the server may wait with an empty answer, in milliseconds; at most 25,000.
    wait_ms: i32,
    /// The leases that the agent has; they are renewed.
    held: Vec<HeldLeaseInput>,
    /// Names this question: sent again with the same id, it yields the same runs, so that an answer that was lost on
    /// the way loses no run.
    claim_id: Option<Uuid>,
    /// The agent's process; it keeps its id across a restart only if it knows then what it holds.
    process_id: Option<Uuid>,
    /// Counts the questions of the process upwards; sent again, a question keeps its number. A run of an earlier
    /// question that is not among those `held` never reached the process, and is handed out again.
    claim_number: Option<i32>,
}

/// Leases to give back.
#[derive(Debug, InputObject)]
#[graphql(name = "release_flow_runs_input", rename_fields = "snake_case")]
struct ReleaseFlowRunsInput {
    /// The agent.
    agent_id: Uuid,
    /// The leases.
    held: Vec<HeldLeaseInput>,
}

/// The end of a process before its run had ended.
#[derive(Debug, InputObject)]
#[graphql(name = "report_flow_run_exit_input", rename_fields = "snake_case")]
struct ReportFlowRunExitInput {
    /// The run.
    flow_run_id: Uuid,
    /// The agent's lease on it.
    lease_token: Uuid,
    /// How it ended, for people.
    message: String,
    /// The code it ended with, if it ended by itself.
    exit_code: Option<i32>,
    /// The number of the signal that ended it, if one did.
    signal: Option<i32>,
}

/// The state of a run.
#[derive(Debug, SimpleObject)]
#[graphql(name = "report_flow_run_exit_payload", rename_fields = "snake_case")]
struct ReportFlowRunExitPayload {
    /// The state that the run has now: `Failed`, or `Scheduled` where its flow group has lost runs started again,
    /// or `Cancelled` when that was being done.
    state: String,
}

/// A run to start.
#[derive(Debug, SimpleObject)]
#[graphql(name = "claimed_flow_run", rename_fields = "snake_case")]
struct ClaimedFlowRunPayload {
    /// The run.
    flow_run_id: Uuid,
    /// Its flow.
    flow_id: Uuid,
    /// Its name.
    name: Option<String>,
    /// The proof of the lease.
    lease_token: Uuid,
    /// When it was to start.
    scheduled_start_time: DateTime<Utc>,
    /// Count of its states.
    version: i64,
    /// Name of its flow.
    flow_name: String,
    /// Where and how it executes.
    run_config: Option<Json<Value>>,
    /// Where its code is.
    storage: Option<Json<Value>>,
    /// Version of the library that registered it.
    core_version: Option<String>,
    /// Its parameters.
    parameters: Json<Value>,
    /// Its labels.
    labels: Json<Value>,
    /// The level of its log, if its run config sets one.
    log_level: Option<String>,
    /// Whether it goes on after a long retry.
    resumed: bool,
}

/// What to do with a run that the agent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "flow_run_directive_action", rename_items = "snake_case", remote = "Action")]
enum DirectiveAction {
    /// Stop the work, then report `Cancelled`.
    Cancel,
    /// Stop the work and say nothing: the run is no longer this agent's.
    Abandon,
}

/// An order for a run that the agent holds.
#[derive(Debug, SimpleObject)]
#[graphql(name = "flow_run_directive", rename_fields = "snake_case")]
struct DirectivePayload {
    /// The run.
    flow_run_id: Uuid,
    /// What to do.
    action: DirectiveAction,
    /// Why, for people.
    reason: String,
}

/// The answer to an agent's question.
#[derive(Debug, SimpleObject)]
#[graphql(name = "claim_flow_runs_payload", rename_fields = "snake_case")]
struct ClaimFlowRunsPayload {
    /// Runs to start now. Each is `Submitted` by this agent already.
    runs: Vec<ClaimedFlowRunPayload>,
    /// Orders for runs that the agent holds.
    directives: Vec<DirectivePayload>,
    /// How long a lease lasts without renewal, in seconds.
    lease_seconds: i32,
    /// How often to ask, at least, in seconds.
    renew_seconds: i32,
}

/// What our agents ask.
#[derive(Debug, Default)]
pub struct ClaimMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ClaimMutation {
    /// One long poll: renews the agent's leases, brings orders for runs that it holds, and takes runs that are due.
    async fn claim_flow_runs(
        &self,
        ctx: &Context<'_>,
        input: ClaimFlowRunsInput,
    ) -> Result<ClaimFlowRunsPayload> {
        let access = ctx.access()?;
        let slots = u32::try_from(input.slots).map_err(|_| {
            ServiceError::invalid(format!("slots must not be negative; it is {}", input.slots))
        })?;
        let command = Claim {
            agent: AgentId(input.agent_id),
            labels: LabelSet::new(input.labels).map_err(ServiceError::from)?,
            slots,
            wait: Duration::milliseconds(i64::from(input.wait_ms)),
            held: input.held.into_iter().map(Held::from).collect(),
            claim_id: input.claim_id,
            asked: input
                .process_id
                .zip(input.claim_number)
                .map(|(process, number)| Asked { process, number: number.into() }),
        };
        let claimed = flow_runs::claim(ctx.services()?, &access, command).await?;
        Ok(ClaimFlowRunsPayload {
            runs: claimed.runs.into_iter().map(ClaimedFlowRunPayload::from).collect(),
            directives: claimed.directives.into_iter().map(DirectivePayload::from).collect(),
            lease_seconds: claimed.lease_seconds,
            renew_seconds: claimed.renew_seconds,
        })
    }

    /// Says that the process of a run ended before the run had. What becomes of the run is as its flow group's policy
    /// for lost runs has it.
    async fn report_flow_run_exit(
        &self,
        ctx: &Context<'_>,
        input: ReportFlowRunExitInput,
    ) -> Result<ReportFlowRunExitPayload> {
        let access = ctx.access()?;
        let exit = ProcessExit {
            id: FlowRunId(input.flow_run_id),
            lease_token: LeaseToken(input.lease_token),
            message: input.message,
            exit_code: input.exit_code,
            signal: input.signal,
        };
        let state = flow_runs::report_exit(ctx.services()?, &access, exit).await?;
        Ok(ReportFlowRunExitPayload { state: state.as_str().to_owned() })
    }

    /// Gives back leases of runs whose work has ended.
    async fn release_flow_runs(
        &self,
        ctx: &Context<'_>,
        input: ReleaseFlowRunsInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let held: Vec<Held> = input.held.into_iter().map(Held::from).collect();
        flow_runs::release(ctx.services()?, &access, &held).await?;
        Ok(true.into())
    }
}

impl From<HeldLeaseInput> for Held {
    fn from(input: HeldLeaseInput) -> Self {
        Self { run: FlowRunId(input.flow_run_id), lease_token: LeaseToken(input.lease_token) }
    }
}

impl From<ClaimedRun> for ClaimedFlowRunPayload {
    fn from(claimed: ClaimedRun) -> Self {
        let run = claimed.run;
        let log_level = run
            .run_config
            .as_ref()
            .and_then(|config| config.get("env")?.get("PREFECT__LOGGING__LEVEL")?.as_str())
            .map(str::to_owned);
        Self {
            flow_run_id: run.id.0,
            flow_id: run.flow.0,
            name: run.name,
            lease_token: run.lease_token.0,
            scheduled_start_time: run.scheduled_start_time,
            version: run.version,
            flow_name: run.flow_name,
            run_config: run.run_config.map(Json),
            storage: run.storage.map(Json),
            core_version: run.core_version,
            parameters: Json(run.parameters),
            labels: Json(run.labels),
            log_level,
            resumed: claimed.resumed,
        }
    }
}

impl From<Directive> for DirectivePayload {
    fn from(directive: Directive) -> Self {
        Self { flow_run_id: directive.run.0, action: directive.action.into(), reason: directive.reason }
    }
}

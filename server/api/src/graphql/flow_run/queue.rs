//! How a stock agent finds its runs.

use crate::graphql::{context::RequestContext, scalar::Timestamp};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use signalbox_schema::LabelSet;
use signalbox_services::{
    ServiceError,
    flow_runs::{self, HandOut},
};
use uuid::Uuid;

/// A stock agent's question.
#[derive(Debug, InputObject)]
#[graphql(name = "get_runs_in_queue_input", rename_fields = "snake_case")]
struct GetRunsInQueueInput {
    /// The tenant.
    tenant_id: Option<Uuid>,
    /// Runs due before this time; now, if absent.
    before: Option<Timestamp>,
    /// The agent's labels.
    labels: Option<Vec<String>>,
}

/// Runs that wait.
#[derive(Debug, SimpleObject)]
#[graphql(name = "get_runs_in_queue_payload", rename_fields = "snake_case")]
struct GetRunsInQueuePayload {
    /// Their ids, the longest waiting first.
    flow_run_ids: Vec<Uuid>,
}

/// What stock agents ask.
#[derive(Debug, Default)]
pub struct QueueMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl QueueMutation {
    /// The runs that wait for an agent with these labels: all labels of a run must be the agent's, and runs without
    /// labels go to agents without labels only.
    async fn get_runs_in_queue(
        &self,
        ctx: &Context<'_>,
        input: GetRunsInQueueInput,
    ) -> Result<GetRunsInQueuePayload> {
        let access = ctx.access_in(input.tenant_id)?;
        let command = HandOut {
            labels: LabelSet::new(input.labels.unwrap_or_default()).map_err(ServiceError::from)?,
            before: input.before.map(|time| time.0),
            agent: ctx.agent(),
        };
        let runs = flow_runs::hand_out(ctx.services()?, &access, command).await?;
        Ok(GetRunsInQueuePayload { flow_run_ids: runs.into_iter().map(Uuid::from).collect() })
    }
}

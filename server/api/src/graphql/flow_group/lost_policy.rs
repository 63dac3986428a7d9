//! What happens with the lost runs of a flow group.

use crate::graphql::{context::RequestContext, payload::SuccessPayload};
use async_graphql::{Context, Enum, InputObject, Result};
use signalbox_core::run::lost::Policy;
use signalbox_schema::FlowGroupId;
use signalbox_services::{
    ServiceError,
    flow_groups::{self, LostPolicy},
};
use uuid::Uuid;

/// What happens with a run whose agent is gone, or whose process fell silent or ended before it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "lost_policy", rename_items = "snake_case", remote = "Policy")]
enum LostPolicyAction {
    /// It is started again. Tasks that have ended are kept; one that was interrupted is retried as often as it may be.
    Reschedule,
    /// It stays as it is until a person decides. A process that was seen to end leaves a failed run.
    Wait,
    /// It has failed.
    Fail,
}

/// A policy for the lost runs of a flow group.
#[derive(Debug, InputObject)]
#[graphql(name = "set_flow_group_lost_policy_input", rename_fields = "snake_case")]
pub(super) struct SetFlowGroupLostPolicyInput {
    /// The flow group.
    flow_group_id: Uuid,
    /// What happens; null does as Prefect's server does, and reschedules runs of Signalbox agents.
    policy: Option<LostPolicyAction>,
    /// How often a lost run is started again at most; null is as often as the installation says, usually 3.
    max_reschedules: Option<i32>,
    /// Seconds of silence after which a run is lost; null is as long as the installation says.
    silent_seconds: Option<i32>,
    /// Whether silent task runs of stock agents are ended (Prefect's zombie killer); null leaves the switch as it is.
    zombie_killer_enabled: Option<bool>,
}

impl SetFlowGroupLostPolicyInput {
    /// Sets it.
    pub(super) async fn carry_out(self, ctx: &Context<'_>) -> Result<SuccessPayload> {
        let policy = LostPolicy {
            action: self.policy.map(Policy::from),
            reschedules: count("max_reschedules", self.max_reschedules, 0)?,
            silent_seconds: count("silent_seconds", self.silent_seconds, 1)?,
            zombie_killer: self.zombie_killer_enabled,
        };
        let access = ctx.access()?;
        let id = FlowGroupId(self.flow_group_id);
        flow_groups::set_lost_policy(ctx.services()?, &access, id, policy).await?;
        Ok(true.into())
    }
}

fn count(field: &str, value: Option<i32>, least: u32) -> Result<Option<u32>, ServiceError> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value) {
        Ok(value) if value >= least => Ok(Some(value)),
        _ => Err(ServiceError::invalid(format!("{field} must be at least {least}; it is {value}"))),
    }
}

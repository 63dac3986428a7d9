//! Sets what a flow group wishes of its schedule: overlap, catch-up, jitter.

use crate::{ServiceError, Services, schedules};
use chrono::{DateTime, Utc};
use signalbox_core::{
    access::{Access, Operator},
    schedule::{Overlap, Policy},
};
use signalbox_schema::FlowGroupId;
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{flow_group, flow_run, schedule},
};

/// The wishes; those that are left out are none.
#[derive(Debug, Clone, Copy, Default)]
pub struct SetPolicy {
    /// Whether its runs may overlap.
    pub overlap: Overlap,
    /// How late a scheduled run may still start, in seconds.
    pub catch_up_seconds: Option<i64>,
    /// By at most how many seconds each start is put off.
    pub jitter_seconds: i64,
}

/// Replaces the policy of a flow group's schedule. Runs that are planned are planned again when their times change.
///
/// # Errors
/// `NOT_FOUND`, and `INVALID_INPUT` for numbers out of bounds.
pub async fn set_policy(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
    command: SetPolicy,
) -> Result<(), ServiceError> {
    let policy = Policy::new(command.overlap, command.catch_up_seconds, command.jitter_seconds)
        .map_err(|error| ServiceError::invalid(error.to_string()))?;
    let changed = services.store().write(access, &Set { id, policy, now: services.clock().now() }).await?;
    if changed {
        // Runs that are due may be judged differently, too.
        schedules::plan_group(services, access, id).await;
    }
    Ok(())
}

struct Set {
    id: FlowGroupId,
    policy: Policy,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "flow_group.set_policy";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        let mut group = flow_group::find(tx, self.id)
            .await?
            .ok_or_else(|| ServiceError::not_found("flow group", self.id))?;
        if group.policy == self.policy {
            return Ok(false);
        }
        let jitter_before = std::mem::replace(&mut group.policy, self.policy).jitter;
        flow_group::save(tx, &group, self.now).await?;
        if jitter_before != self.policy.jitter {
            for flow in schedule::scheduled_of_group(tx, self.id).await? {
                flow_run::delete_planned(tx, flow, self.now).await?;
            }
        }
        Ok(true)
    }
}

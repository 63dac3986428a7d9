//! Switches a flow's schedule on and off.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::access::{Access, Operator};
use signalbox_schema::{FlowGroupId, FlowId};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::{flow, flow_group},
};

/// Switches a flow's schedule on; `false` for a flow without one and for one that was put away (the stock client asks
/// after every registration).
///
/// # Errors
/// `INVALID_INPUT` when a clock leaves a required parameter without a value: nobody is asked for it later.
pub async fn activate_schedule(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
) -> Result<bool, ServiceError> {
    services.store().write(access, &Activate { id, now: services.clock().now() }).await
}

/// Switches a flow's schedule off and deletes the runs that it had planned.
pub async fn deactivate_schedule(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
) -> Result<(), ServiceError> {
    services.store().write(access, &Deactivate { id, now: services.clock().now() }).await
}

struct Activate {
    id: FlowId,
    now: DateTime<Utc>,
}

impl Transaction for Activate {
    const NAME: &'static str = "flow.activate_schedule";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        let missing = || ServiceError::not_found("flow", self.id);
        let flow = flow::find(tx, self.id).await?.ok_or_else(missing)?;
        let group = flow_group::find(tx, flow.group).await?.ok_or_else(missing)?;
        let Some(schedule) = group.schedule.as_ref().or(flow.schedule.as_ref()) else { return Ok(false) };
        if flow.archived {
            return Ok(false);
        }
        check_parameters(schedule, &flow.parameters, &group.default_parameters)?;
        flow::set_schedule_active(tx, self.id, true, self.now).await?;
        Ok(true)
    }
}

struct Deactivate {
    id: FlowId,
    now: DateTime<Utc>,
}

impl Transaction for Deactivate {
    const NAME: &'static str = "flow.deactivate_schedule";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        flow::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("flow", self.id))?;
        flow::set_schedule_active(tx, self.id, false, self.now).await?;
        flow::delete_auto_scheduled(tx, self.id).await?;
        Ok(())
    }
}

/// Deletes the runs that the schedules of a group's flows had planned, because the group's schedule changed.
pub(crate) async fn drop_planned_runs_of_group(tx: &TenantTx, group: FlowGroupId) -> Result<(), StorageError> {
    for flow in flow::unarchived(tx, group).await? {
        flow::delete_auto_scheduled(tx, flow).await?;
    }
    Ok(())
}

/// Refuses a schedule that leaves a required parameter without a value.
pub(super) fn check_parameters(
    schedule: &Value,
    parameters: &Value,
    group_defaults: &Value,
) -> Result<(), ServiceError> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let clocks = list(schedule.get("clocks"));
    let mut missing: Vec<String> = list(Some(parameters))
        .iter()
        .filter(|parameter| parameter.get("required").and_then(Value::as_bool) == Some(true))
        .filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned))
        .filter(|name| group_defaults.get(name).is_none())
        .filter(|name| {
            clocks.iter().any(|clock| clock.get("parameter_defaults").and_then(|d| d.get(name)).is_none())
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort_unstable();
    Err(ServiceError::invalid(format!(
        "Can not schedule a flow that has required parameters: its clocks and its group's default parameters give no \
         value to {}",
        missing.join(", ")
    )))
}

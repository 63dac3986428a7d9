//! Switches a flow's schedule on and off.

use crate::{ServiceError, Services, schedules};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use signalbox_core::{
    access::{Access, Operator},
    schedule::Schedule,
};
use signalbox_schema::FlowId;
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{flow, flow_group, flow_run},
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
    let active = services.store().write(access, &Activate { id, now: services.clock().now() }).await?;
    if active {
        schedules::plan_flow(services, access, id).await;
    }
    Ok(active)
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
        check_schedule(schedule, &flow.parameters, &group.default_parameters)?;
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
        flow_run::delete_auto_scheduled(tx, self.id, self.now).await?;
        Ok(())
    }
}

/// Refuses a schedule that cannot be evaluated, or leaves a required parameter without a value.
pub(crate) fn check_schedule(
    schedule: &Value,
    parameters: &Value,
    group_defaults: &Value,
) -> Result<(), ServiceError> {
    let schedule = Schedule::parse(schedule)?;
    let required = parameters
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter.get("required").and_then(Value::as_bool) == Some(true))
        .filter_map(|parameter| parameter.get("name")?.as_str());
    let none = Map::new();
    let missing = schedule.uncovered_parameters(required, group_defaults.as_object().unwrap_or(&none));
    if missing.is_empty() {
        return Ok(());
    }
    Err(ServiceError::invalid(format!(
        "Can not schedule a flow that has required parameters: its clocks and its group's default parameters give no \
         value to {}",
        missing.into_iter().collect::<Vec<_>>().join(", ")
    )))
}

//! Gives a flow group a schedule that replaces its flows' own, and takes it away.

use crate::{ServiceError, Services, flows, schedules};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;
use signalbox_core::{
    access::{Access, Operator},
    schedule::Schedule,
};
use signalbox_schema::FlowGroupId;
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        flow,
        flow_group::{self, FlowGroup},
        flow_run,
    },
};

/// How long after a schedule was set the same request is taken for a repeated delivery. The clocks of a schedule
/// with a time zone start at the moment it is set, which is all that such a delivery would change.
const SENT_AGAIN_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// Gives a flow group a schedule, from the short form `{cron_clocks, interval_clocks, timezone}`. Runs that were
/// planned by the schedule before it are deleted.
///
/// # Errors
/// `INVALID_INPUT` for a schedule that cannot be evaluated, and for one that leaves a required parameter of an active
/// flow without a value.
pub async fn set_schedule(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
    short: &Value,
) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let schedule = Schedule::from_group_input(short, now)?;
    services.store().write(access, &Set { id, schedule, now }).await?;
    schedules::plan_group(services, access, id).await;
    Ok(())
}

/// Takes a flow group's schedule away, with the runs it had planned; its flows' own count again. Whether it had one.
pub async fn delete_schedule(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
) -> Result<bool, ServiceError> {
    let deleted = services.store().write(access, &Delete { id, now: services.clock().now() }).await?;
    if deleted {
        schedules::plan_group(services, access, id).await;
    }
    Ok(deleted)
}

async fn find(tx: &TenantTx, id: FlowGroupId) -> Result<FlowGroup, ServiceError> {
    flow_group::find(tx, id).await?.ok_or_else(|| ServiceError::not_found("flow group", id))
}

struct Set {
    id: FlowGroupId,
    schedule: Value,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "flow_group.set_schedule";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let mut group = find(tx, self.id).await?;
        if group.schedule.as_ref().is_some_and(|present| is_sent_again(present, &self.schedule)) {
            return Ok(());
        }
        for id in flow::unarchived(tx, self.id).await? {
            let Some(flow) = flow::find(tx, id).await? else { continue };
            if flow.is_schedule_active {
                flows::check_schedule(&self.schedule, &flow.parameters, &group.default_parameters)?;
            }
            flow_run::delete_auto_scheduled(tx, id, self.now).await?;
        }
        group.schedule = Some(self.schedule.clone());
        Ok(flow_group::save_schedule(tx, &group, self.now).await?)
    }
}

struct Delete {
    id: FlowGroupId,
    now: DateTime<Utc>,
}

impl Transaction for Delete {
    const NAME: &'static str = "flow_group.delete_schedule";
    type Output = bool;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        let mut group = find(tx, self.id).await?;
        if group.schedule.take().is_none() {
            return Ok(false);
        }
        flow_group::save_schedule(tx, &group, self.now).await?;
        for id in flow::unarchived(tx, self.id).await? {
            flow_run::delete_auto_scheduled(tx, id, self.now).await?;
            let own = flow::find(tx, id).await?.and_then(|flow| flow.schedule);
            if own.is_none() {
                flow::set_schedule_active(tx, id, false, self.now).await?;
            }
        }
        Ok(true)
    }
}

/// Whether two schedules differ in nothing but when they were set, and that only by a moment.
fn is_sent_again(present: &Value, new: &Value) -> bool {
    let (mut present, mut new) = (present.clone(), new.clone());
    let (before, after) = (take_starts(&mut present), take_starts(&mut new));
    present == new
        && before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| match (before, after) {
            (Some(before), Some(after)) => (*after - *before).abs() <= SENT_AGAIN_WITHIN,
            (None, None) => true,
            _ => false,
        })
}

/// Takes the local start times out of a schedule's clocks; their zones stay.
fn take_starts(schedule: &mut Value) -> Vec<Option<NaiveDateTime>> {
    let clocks = schedule.get_mut("clocks").and_then(Value::as_array_mut);
    clocks
        .into_iter()
        .flatten()
        .map(|clock| {
            let start = clock.get_mut("start_date")?.get_mut("dt")?.take();
            start.as_str()?.parse().ok()
        })
        .collect()
}

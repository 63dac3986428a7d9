//! Planning as the last step of a change, so that the runs are there when it is answered.

use super::plan;
use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::{Access, Operator, Reporter};
use signalbox_schema::{FlowGroupId, FlowId};
use signalbox_storage::repo::schedule;

/// Makes the next runs of a flow whose schedule was switched on or replaced; call it after the change is committed.
/// Cannot fail: the change has happened, and what goes wrong here the scheduler does a moment later.
pub async fn plan_flow(services: &Services, access: &Access<Operator>, flow: FlowId) {
    let result = plan(services, &system(access), &[flow]).await.map(drop);
    leave_to_scheduler(services, access, result);
}

/// The same for the flows of a group whose schedule or default parameters were replaced.
pub async fn plan_group(services: &Services, access: &Access<Operator>, group: FlowGroupId) {
    let result = plan_all(services, access, group).await;
    leave_to_scheduler(services, access, result);
}

async fn plan_all(
    services: &Services,
    access: &Access<Operator>,
    group: FlowGroupId,
) -> Result<(), ServiceError> {
    let flows = schedule::scheduled_of_group(&services.store().read(access), group).await?;
    plan(services, &system(access), &flows).await.map(drop)
}

/// The runs are the schedule's, not those of whoever changed it.
fn system(access: &Access<Operator>) -> Access<Reporter> {
    Access::system(access.tenant(), "schedules")
}

fn leave_to_scheduler(services: &Services, access: &Access<Operator>, result: Result<(), ServiceError>) {
    if let Err(error) = result {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(tenant.id = %access.tenant(), error, "planning at once failed; the scheduler will do it");
    }
    services.hint(Topic::Schedules);
}

//! Changes what a flow group gives to its runs.

use crate::{ServiceError, Services, name, schedules};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::{FlowGroupId, LabelSet};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{flow_group, flow_run, schedule},
};

/// One change.
#[derive(Debug)]
pub enum Change {
    /// Labels of its runs; `None` leaves them to the flow again.
    Labels(Option<Vec<String>>),
    /// Run config of its runs; `None` leaves it to the flow again.
    RunConfig(Option<Value>),
    /// What the flow is for.
    Description(Option<String>),
    /// Parameters of its runs, by name; `None` is none.
    DefaultParameters(Option<Value>),
}

/// A change that was checked.
enum Checked {
    Labels(Option<Value>),
    RunConfig(Option<Value>),
    Description(Option<String>),
    DefaultParameters(Value),
}

/// Changes a flow group. Runs that somebody made, and those that are due, keep what they have; runs that its schedule has
/// planned are planned again with what the group gives now.
pub async fn update(
    services: &Services,
    access: &Access<Operator>,
    id: FlowGroupId,
    change: Change,
) -> Result<(), ServiceError> {
    let update = Update { id, change: check(change)?, now: services.clock().now() };
    let replan = services.store().write(access, &update).await?;
    if replan {
        schedules::plan_group(services, access, id).await;
    }
    Ok(())
}

fn check(change: Change) -> Result<Checked, ServiceError> {
    Ok(match change {
        Change::Labels(None) => Checked::Labels(None),
        Change::Labels(Some(labels)) => Checked::Labels(Some(Value::from(LabelSet::new(labels)?.as_slice()))),
        Change::RunConfig(config) => Checked::RunConfig(object("run_config", config)?),
        Change::Description(description) => {
            name::check_description("description", description.as_deref())?;
            Checked::Description(description)
        }
        Change::DefaultParameters(parameters) => {
            Checked::DefaultParameters(object("default_parameters", parameters)?.unwrap_or_else(|| json!({})))
        }
    })
}

fn object(field: &str, value: Option<Value>) -> Result<Option<Value>, ServiceError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(value)),
        Some(_) => Err(ServiceError::invalid(format!("{field} must be a JSON object or null"))),
    }
}

struct Update {
    id: FlowGroupId,
    change: Checked,
    now: DateTime<Utc>,
}

impl Transaction for Update {
    const NAME: &'static str = "flow_group.update";
    type Output = bool;
    type Error = ServiceError;

    /// Whether there are runs to plan again.
    async fn run(&self, tx: &TenantTx) -> Result<bool, ServiceError> {
        let before = flow_group::find(tx, self.id)
            .await?
            .ok_or_else(|| ServiceError::not_found("flow group", self.id))?;
        let mut after = before.clone();
        match &self.change {
            Checked::Labels(labels) => after.labels.clone_from(labels),
            Checked::RunConfig(config) => after.run_config.clone_from(config),
            Checked::Description(description) => after.description.clone_from(description),
            Checked::DefaultParameters(parameters) => after.default_parameters.clone_from(parameters),
        }
        if after == before {
            return Ok(false);
        }
        flow_group::save(tx, &after, self.now).await?;
        if matches!(self.change, Checked::Description(_)) {
            return Ok(false);
        }
        for flow in schedule::scheduled_of_group(tx, self.id).await? {
            flow_run::delete_planned(tx, flow, self.now).await?;
        }
        Ok(true)
    }
}

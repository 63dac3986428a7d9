//! Makes a flow run.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    clock::Clock,
    ids::Ids,
    run::{create as rules, name::two_words},
};
use signalbox_schema::{FlowId, FlowRunId, state::truncate};
use signalbox_storage::{
    Batch, StorageError, TenantTx,
    repo::{
        flow_run::{self, Blueprint, NewFlowRun},
        lock,
    },
};
use std::{collections::HashMap, sync::Arc};

/// Longest name or idempotency key, in bytes.
const LONGEST_TEXT: usize = 1_000;

/// Which flow to run.
#[derive(Debug, Clone)]
pub enum FlowRef {
    /// This version.
    Version(FlowId),
    /// The newest version of this version group that is not archived.
    VersionGroup(String),
}

/// A wish for a flow run.
#[derive(Debug, Clone)]
pub struct CreateFlowRun {
    /// The flow.
    pub flow: FlowRef,
    /// Values for its parameters, over the defaults.
    pub parameters: Option<Map<String, Value>>,
    /// Its context.
    pub context: Option<Value>,
    /// Its labels, instead of the flow's; an empty list counts.
    pub labels: Option<Vec<String>>,
    /// Its run config, instead of the flow's.
    pub run_config: Option<Value>,
    /// When it is to start; now, if absent.
    pub scheduled_start_time: Option<DateTime<Utc>>,
    /// Its name; two words, if absent.
    pub name: Option<String>,
    /// One run per key and flow, for ever.
    pub idempotency_key: Option<String>,
    /// Runs of higher priority are handed out first; the flow group's, if absent.
    pub priority: Option<i64>,
    /// The slot of the schedule that it is for; `None` for a run that somebody wishes.
    pub slot: Option<DateTime<Utc>>,
}

/// The run, new or found by its idempotency key.
#[derive(Debug, Clone, Copy)]
pub struct CreatedFlowRun {
    /// Its id.
    pub id: FlowRunId,
    /// Whether it is new.
    pub created: bool,
}

/// Makes a flow run, or finds the one made before with the same idempotency key.
///
/// # Errors
/// `NOT_FOUND` for an unknown flow, `INVALID_INPUT` for missing parameters, wrong labels or an archived flow.
pub async fn create(
    services: &Services,
    access: &Access<Reporter>,
    command: CreateFlowRun,
) -> Result<CreatedFlowRun, ServiceError> {
    check_text("flow_run_name", command.name.as_deref())?;
    check_text("idempotency_key", command.idempotency_key.as_deref())?;
    command.priority.map_or(Ok(()), name::check_priority)?;
    let created = services.lanes().create_flow_run.submit(services.store(), access, command).await?;
    if created.created {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(created)
}

fn check_text(field: &str, text: Option<&str>) -> Result<(), ServiceError> {
    match text {
        Some(text) if text.len() > LONGEST_TEXT => Err(ServiceError::invalid(format!(
            "{field} is {} bytes long; at most {LONGEST_TEXT} are allowed",
            text.len()
        ))),
        Some(text) if text.contains('\0') => {
            Err(ServiceError::invalid(format!("{field} must not contain NUL characters")))
        }
        _ => Ok(()),
    }
}

/// Makes flow runs for many callers at once.
pub(crate) struct CreateBatch {
    pub ids: Arc<dyn Ids>,
    pub clock: Arc<dyn Clock>,
}

impl Batch for CreateBatch {
    const NAME: &'static str = "flow_run.create";
    type Command = CreateFlowRun;
    type Output = CreatedFlowRun;
    type Error = ServiceError;

    async fn run(
        &self,
        tx: &TenantTx,
        commands: &[&CreateFlowRun],
    ) -> Result<Vec<Result<CreatedFlowRun, ServiceError>>, StorageError> {
        let now = self.clock.now();
        let mut flows = Vec::with_capacity(commands.len());
        for command in commands {
            flows.push(match &command.flow {
                FlowRef::Version(id) => Some(*id),
                FlowRef::VersionGroup(group) => flow_run::newest_of_version_group(tx, group).await?,
            });
        }
        let mut distinct: Vec<FlowId> = flows.iter().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let keyed = commands.iter().any(|command| command.idempotency_key.is_some());
        lock::flows(tx, &distinct, keyed).await?;
        let blueprints = flow_run::blueprints(tx, &distinct).await?;
        let keys: Vec<(FlowId, &str)> = flows
            .iter()
            .zip(commands)
            .filter_map(|(flow, command)| Some(((*flow)?, command.idempotency_key.as_deref()?)))
            .collect();
        let mut existing = flow_run::existing(tx, &keys).await?;
        let mut new = Vec::with_capacity(commands.len());
        let mut results = Vec::with_capacity(commands.len());
        for (command, flow) in commands.iter().zip(flows) {
            results.push(self.decide(command, flow, &blueprints, &mut existing, now).map(|decision| {
                match decision {
                    Decision::Found(id) => CreatedFlowRun { id, created: false },
                    Decision::New(run) => {
                        let id = run.id;
                        new.push(*run);
                        CreatedFlowRun { id, created: true }
                    }
                }
            }));
        }
        flow_run::insert(tx, new, &*self.ids, now).await?;
        Ok(results)
    }
}

enum Decision<'a> {
    Found(FlowRunId),
    New(Box<NewFlowRun<'a>>),
}

impl CreateBatch {
    fn decide<'a>(
        &self,
        command: &CreateFlowRun,
        flow: Option<FlowId>,
        blueprints: &'a HashMap<FlowId, Blueprint>,
        existing: &mut HashMap<(FlowId, String), FlowRunId>,
        now: DateTime<Utc>,
    ) -> Result<Decision<'a>, ServiceError> {
        let known = flow.and_then(|flow| Some((flow, blueprints.get(&flow)?)));
        let Some((flow, blueprint)) = known else {
            return Err(match &command.flow {
                FlowRef::Version(id) => ServiceError::not_found("Flow", id),
                FlowRef::VersionGroup(group) => {
                    ServiceError::not_found("An unarchived flow with version group", group)
                }
            });
        };
        let key = command.idempotency_key.clone().map(|key| (flow, key));
        if let Some(id) = key.as_ref().and_then(|key| existing.get(key)) {
            return Ok(Decision::Found(*id));
        }
        if blueprint.archived {
            return Err(ServiceError::invalid(format!(
                "Flow {flow} is archived; only unarchived flows can be run."
            )));
        }
        let sources = rules::Sources {
            given_labels: command.labels.as_deref(),
            given_run_config: command.run_config.as_ref(),
            group_labels: blueprint.group_labels.as_ref(),
            group_run_config: blueprint.group_run_config.as_ref(),
            flow_run_config: blueprint.run_config.as_ref(),
            flow_environment: blueprint.environment.as_ref(),
        };
        let parameters = rules::parameters(
            &blueprint.parameters,
            blueprint.group_parameters.as_ref(),
            command.parameters.as_ref(),
        )
        .map_err(|missing| ServiceError::invalid(missing.to_string()))?;
        let id = FlowRunId(self.ids.id());
        if let Some(key) = key {
            existing.insert(key, id);
        }
        Ok(Decision::New(Box::new(NewFlowRun {
            id,
            flow,
            name: command.name.clone().unwrap_or_else(|| two_words(self.ids.random())),
            parameters: Value::Object(parameters),
            labels: sources.labels()?,
            run_config: sources.run_config().cloned(),
            context: command.context.clone().unwrap_or_else(|| Value::Object(Map::new())),
            priority: command.priority.unwrap_or(blueprint.group_priority),
            scheduled_start_time: command.scheduled_start_time.map_or(now, truncate),
            slot: command.slot.map(truncate),
            idempotency_key: command.idempotency_key.clone(),
            tasks: &blueprint.tasks,
        })))
    }
}

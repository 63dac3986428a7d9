//! New flow runs, with their task runs and first states.

use crate::{
    StorageError, TenantTx,
    entity::{flow_run, flow_run_state, task_run, task_run_state},
    repo::{
        flow_run::BlueprintTask,
        {insert, list},
    },
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use serde_json::{Value as Json, json};
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
};
use signalbox_schema::{FlowId, FlowRunId, LabelSet, State, state::format_time};
use std::collections::HashMap;
use uuid::Uuid;

/// A run to add.
#[derive(Debug)]
pub struct NewFlowRun<'a> {
    /// Its id.
    pub id: FlowRunId,
    /// The flow version it executes.
    pub flow: FlowId,
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Json,
    /// Its labels.
    pub labels: LabelSet,
    /// Its run config.
    pub run_config: Option<Json>,
    /// Its context.
    pub context: Json,
    /// Runs of higher priority are handed out first.
    pub priority: i64,
    /// When it is to start.
    pub scheduled_start_time: DateTime<Utc>,
    /// The slot of the schedule that it is for; `None` for a run that somebody made.
    pub slot: Option<DateTime<Utc>>,
    /// One run per key and flow.
    pub idempotency_key: Option<String>,
    /// The tasks that get a task run at once.
    pub tasks: &'a [BlueprintTask],
}

/// The runs that already exist for these keys.
pub async fn existing(
    tx: &TenantTx,
    keys: &[(FlowId, &str)],
) -> Result<HashMap<(FlowId, String), FlowRunId>, StorageError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut values = vec![Value::from(tx.tenant().0)];
    let mut flows: Vec<Uuid> = keys.iter().map(|(flow, _)| flow.0).collect();
    flows.sort_unstable();
    flows.dedup();
    let flows = list::ids(&mut values, flows);
    let texts = list::texts(&mut values, keys.iter().map(|(_, key)| *key));
    let rows = tx
        .query(
            format!(
                "SELECT flow_id, idempotency_key, id FROM flow_run
                  WHERE tenant_id = $1 AND flow_id IN ({flows}) AND idempotency_key IN ({texts})"
            ),
            values,
        )
        .await?;
    rows.iter()
        .map(|row| {
            let key = (FlowId(row.try_get_by_index(0)?), row.try_get_by_index(1)?);
            Ok((key, FlowRunId(row.try_get_by_index(2)?)))
        })
        .collect()
}

/// Adds runs: each `Scheduled` (version 1) with a `Pending` task run (version 1) per task.
pub async fn insert(
    tx: &TenantTx,
    runs: Vec<NewFlowRun<'_>>,
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let pending = State::new(signalbox_schema::StateType::Pending, "Task run created.");
    let count = runs.iter().map(|run| run.tasks.len()).sum();
    let mut flow_runs = Vec::with_capacity(runs.len());
    let mut states = Vec::with_capacity(runs.len());
    let mut task_runs = Vec::with_capacity(count);
    let mut task_states = Vec::with_capacity(count);
    for run in runs {
        let scheduled = State::new(signalbox_schema::StateType::Scheduled, "Flow run scheduled.")
            .starting_at(run.scheduled_start_time);
        for task in run.tasks {
            let id = ids.id();
            task_runs.push(task_run_row(tx, &run, task, id, &pending, now));
            task_states.push(task_state_row(tx, id, ids.id(), &pending, now));
        }
        tx.record(created(&run, &scheduled, now));
        states.push(flow_state_row(tx, run.id, ids.id(), &scheduled, now));
        flow_runs.push(flow_run_row(tx, run, &scheduled, now));
    }
    insert::rows(tx, flow_runs).await?;
    insert::rows(tx, states).await?;
    insert::rows(tx, task_runs).await?;
    insert::rows(tx, task_states).await
}

fn created(run: &NewFlowRun<'_>, scheduled: &State, now: DateTime<Utc>) -> NewEvent {
    NewEvent::new(EventKind::FlowRunCreated, now).flow_run(run.id).flow(run.flow).payload(json!({
        "name": run.name,
        "state": scheduled.kind().as_str(),
        "version": 1,
        "scheduled_start_time": format_time(run.scheduled_start_time),
        "auto_scheduled": run.slot.is_some(),
        "task_runs": run.tasks.len(),
    }))
}

fn flow_run_row(
    tx: &TenantTx,
    run: NewFlowRun<'_>,
    scheduled: &State,
    now: DateTime<Utc>,
) -> flow_run::ActiveModel {
    flow_run::ActiveModel {
        id: Set(run.id.0),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        flow_id: Set(run.flow.0),
        agent_id: Set(None),
        name: Set(Some(run.name)),
        parameters: Set(run.parameters),
        labels_key: Set(run.labels.key()),
        labels: Set(Json::from(run.labels.as_slice().to_vec())),
        run_config: Set(run.run_config),
        context: Set(Some(run.context)),
        scheduled_start_time: Set(run.scheduled_start_time),
        auto_scheduled: Set(run.slot.is_some()),
        heartbeat: Set(None),
        start_time: Set(None),
        end_time: Set(None),
        version: Set(1),
        state: Set(scheduled.kind().as_str().to_owned()),
        state_timestamp: Set(Some(now)),
        state_message: Set(scheduled.message().map(str::to_owned)),
        state_result: Set(None),
        state_start_time: Set(Some(run.scheduled_start_time)),
        serialized_state: Set(Some(scheduled.to_value())),
        times_resurrected: Set(0),
        priority: Set(run.priority),
        idempotency_key: Set(run.idempotency_key),
        state_fingerprint: Set(None),
        lease_token: Set(None),
        lease_expires: Set(None),
        slot_time: Set(run.slot),
        lateness_ms: Set(None),
        lease_process: Set(None),
        lease_claim: Set(None),
        reserved_by: Set(None),
        reserved_until: Set(None),
        handed_out: Set(0),
    }
}

fn flow_state_row(
    tx: &TenantTx,
    run: FlowRunId,
    id: Uuid,
    state: &State,
    now: DateTime<Utc>,
) -> flow_run_state::ActiveModel {
    flow_run_state::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        flow_run_id: Set(run.0),
        timestamp: Set(now),
        state: Set(state.kind().as_str().to_owned()),
        message: Set(state.message().map(str::to_owned)),
        result: Set(None),
        start_time: Set(state.start_time()),
        version: Set(1),
        serialized_state: Set(state.to_value()),
        fingerprint: Set(None),
    }
}

fn task_run_row(
    tx: &TenantTx,
    run: &NewFlowRun<'_>,
    task: &BlueprintTask,
    id: Uuid,
    pending: &State,
    now: DateTime<Utc>,
) -> task_run::ActiveModel {
    task_run::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        flow_run_id: Set(run.id.0),
        task_id: Set(task.id.0),
        map_index: Set(-1),
        name: Set(None),
        version: Set(1),
        heartbeat: Set(None),
        start_time: Set(None),
        end_time: Set(None),
        cache_key: Set(task.cache_key.clone()),
        state: Set(Some(pending.kind().as_str().to_owned())),
        state_timestamp: Set(Some(now)),
        state_message: Set(pending.message().map(str::to_owned)),
        state_result: Set(None),
        state_start_time: Set(None),
        serialized_state: Set(Some(pending.to_value())),
        state_fingerprint: Set(None),
    }
}

fn task_state_row(
    tx: &TenantTx,
    run: Uuid,
    id: Uuid,
    state: &State,
    now: DateTime<Utc>,
) -> task_run_state::ActiveModel {
    task_run_state::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        task_run_id: Set(run),
        timestamp: Set(now),
        state: Set(state.kind().as_str().to_owned()),
        message: Set(state.message().map(str::to_owned)),
        result: Set(None),
        start_time: Set(None),
        version: Set(1),
        serialized_state: Set(state.to_value()),
        fingerprint: Set(None),
    }
}

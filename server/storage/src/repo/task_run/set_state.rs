//! States of task runs.

use crate::{
    StorageError, TenantTx,
    entity::task_run_state,
    repo::{concurrency, insert, list, lock, row},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use serde_json::Value as Json;
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
    run::task_run::{Handing, TaskRunNow, TaskRunTransition},
};
use signalbox_schema::{FlowId, FlowRunId, State, StateType, TaskRunId};
use std::collections::HashMap;
use uuid::Uuid;

/// A task run as it is, and what a new state may take over from it.
#[derive(Debug)]
pub struct LoadedTaskRun {
    /// For the decision.
    pub now: TaskRunNow,
    /// Its flow run.
    pub flow_run: FlowRunId,
    /// The flow of that.
    pub flow: FlowId,
    /// `cached_inputs` of its state, unless empty.
    pub cached_inputs: Option<Json>,
}

/// A decided change of a task run's state.
#[derive(Debug)]
pub struct TaskRunUpdate {
    /// The task run.
    pub id: TaskRunId,
    /// Its flow run.
    pub flow_run: FlowRunId,
    /// The flow of that.
    pub flow: FlowId,
    /// The version it had when the change was decided.
    pub from_version: i64,
    /// Its new state.
    pub state: State,
    /// By which a repeated delivery is known.
    pub fingerprint: Option<i64>,
    /// What else changes.
    pub transition: TaskRunTransition,
}

/// The task runs with these ids, held until the end of the transaction, and for those in `expected` the fingerprint of
/// the state that follows the expected version.
pub async fn load(
    tx: &TenantTx,
    ids: impl IntoIterator<Item = TaskRunId>,
    expected: &[(TaskRunId, i64)],
) -> Result<HashMap<TaskRunId, LoadedTaskRun>, StorageError> {
    let ids: Vec<TaskRunId> = ids.into_iter().collect();
    lock::task_runs(tx, &ids).await?;
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.into_iter().map(Uuid::from));
    let rows = tx
        .query(
            format!(
                "SELECT t.id, t.state, t.version, t.state_fingerprint, t.start_time, t.end_time, t.flow_run_id,
                        r.flow_id, t.serialized_state, r.state AS flow_run_state, r.lease_token, r.reserved_by,
                        r.handed_out, f.settings
                   FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id JOIN flow f ON f.id = r.flow_id
                  WHERE t.tenant_id = $1 AND t.id IN ({ids})"
            ),
            values,
        )
        .await?;
    let mut runs = HashMap::with_capacity(rows.len());
    for row in rows {
        let state: Option<String> = row.try_get("", "state")?;
        let flow_run_state: String = row.try_get("", "flow_run_state")?;
        let serialized: Option<Json> = row.try_get("", "serialized_state")?;
        let now = TaskRunNow {
            state: state.map(|state| row::state(&state, "task_run")).transpose()?,
            version: row.try_get("", "version")?,
            fingerprint: row.try_get("", "state_fingerprint")?,
            fingerprint_at_expected: None,
            start_time: row.try_get("", "start_time")?,
            end_time: row.try_get("", "end_time")?,
            flow_run_state: row::state(&flow_run_state, "flow_run")?,
            handing: Handing {
                leased: row.try_get::<Option<Uuid>>("", "lease_token")?.is_some(),
                reserved_by: row.try_get("", "reserved_by")?,
                handed_out: row.try_get("", "handed_out")?,
            },
            locks_versions: row::locks_versions(&row, "settings")?,
        };
        let cached_inputs = serialized
            .and_then(|mut state| state.get_mut("cached_inputs").map(Json::take))
            .filter(|inputs| inputs.as_object().is_some_and(|inputs| !inputs.is_empty()));
        let flow_run = FlowRunId(row.try_get("", "flow_run_id")?);
        let flow = FlowId(row.try_get("", "flow_id")?);
        let id = TaskRunId(row.try_get("", "id")?);
        runs.insert(id, LoadedTaskRun { now, flow_run, flow, cached_inputs });
    }
    for (id, version) in expected {
        let Some(run) = runs.get_mut(id) else { continue };
        if *version < run.now.version {
            let values = vec![tx.tenant().0.into(), id.0.into(), Value::from(version + 1)];
            let rows = tx
                .query(
                    "SELECT fingerprint FROM task_run_state
                      WHERE tenant_id = $1 AND task_run_id = $2 AND version = $3",
                    values,
                )
                .await?;
            run.now.fingerprint_at_expected = match rows.first() {
                Some(row) => row.try_get_by_index(0)?,
                None => None,
            };
        }
    }
    Ok(runs)
}

/// Writes decided changes: the history, and the row with what it mirrors.
pub async fn update(
    tx: &TenantTx,
    updates: &[TaskRunUpdate],
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let history = updates.iter().map(|update| history_row(tx, update, ids.id(), now)).collect();
    insert::rows(tx, history).await?;
    for update in updates {
        let transition = &update.transition;
        let values: Vec<Value> = vec![
            tx.tenant().0.into(),
            update.id.0.into(),
            update.from_version.into(),
            now.into(),
            update.state.kind().as_str().into(),
            update.state.message().map(str::to_owned).into(),
            update.state.result().cloned().into(),
            update.state.start_time().into(),
            update.state.to_value().into(),
            update.fingerprint.into(),
            transition.version.into(),
            transition.start_time.into(),
            transition.end_time.into(),
            transition.heartbeat.then_some(now).into(),
        ];
        let changed = tx
            .execute(
                "UPDATE task_run
                    SET updated = $4, state = $5, state_timestamp = $4, state_message = $6, state_result = $7,
                        state_start_time = $8, serialized_state = $9, state_fingerprint = $10, version = $11,
                        start_time = $12, end_time = $13, heartbeat = coalesce($14, heartbeat)
                  WHERE tenant_id = $1 AND id = $2 AND version = $3",
                values,
            )
            .await?;
        if changed != 1 {
            return Err(StorageError::Inconsistent {
                table: "task_run",
                problem: format!("task run {} changed while its state was being set", update.id),
            });
        }
        let event = NewEvent::new(EventKind::TaskRunState, now)
            .flow_run(update.flow_run)
            .flow(update.flow)
            .task_run(update.id)
            .state(&update.state, transition.version);
        tx.record(event);
    }
    let begun = updates.iter().filter(|update| update.state.kind() == StateType::Running);
    let begun: Vec<TaskRunId> = begun.map(|update| update.id).collect();
    concurrency::seat_task_runs(tx, &begun, ids, now).await
}

fn history_row(
    tx: &TenantTx,
    update: &TaskRunUpdate,
    id: Uuid,
    now: DateTime<Utc>,
) -> task_run_state::ActiveModel {
    task_run_state::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        task_run_id: Set(update.id.0),
        timestamp: Set(now),
        state: Set(update.state.kind().as_str().to_owned()),
        message: Set(update.state.message().map(str::to_owned)),
        result: Set(update.state.result().cloned()),
        start_time: Set(update.state.start_time()),
        version: Set(update.transition.version),
        serialized_state: Set(update.state.to_value()),
        fingerprint: Set(update.fingerprint),
    }
}

/// The waiting task runs of a flow run that are due, with their states.
pub async fn due_retries(
    tx: &TenantTx,
    run: FlowRunId,
    before: DateTime<Utc>,
) -> Result<Vec<(TaskRunId, Json)>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into(), before.into()];
    let rows = tx
        .query(
            "SELECT id, serialized_state FROM task_run
              WHERE tenant_id = $1 AND flow_run_id = $2 AND state_start_time <= $3
                AND state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued')",
            values,
        )
        .await?;
    rows.iter()
        .map(|row| {
            let state: Option<Json> = row.try_get_by_index(1)?;
            Ok((TaskRunId(row.try_get_by_index(0)?), state.unwrap_or_default()))
        })
        .collect()
}

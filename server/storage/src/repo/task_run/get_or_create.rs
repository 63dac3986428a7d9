//! Task runs by what they are runs of.

use crate::{
    StorageError, TenantTx,
    entity::task_run,
    repo::{insert, list},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use serde_json::{Value as Json, json};
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
};
use signalbox_schema::{FlowId, FlowRunId, State, StateType, TaskId, TaskRunId};
use std::collections::HashMap;
use uuid::Uuid;

/// What a task run is a run of. There is one per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskRunKey {
    /// The flow run.
    pub flow_run: FlowRunId,
    /// The task.
    pub task: TaskId,
    /// Which element of a mapped task; −1 means not mapped.
    pub map_index: i64,
}

/// A task run as its runner needs it.
#[derive(Debug, Clone)]
pub struct TaskRunInfo {
    /// The task run.
    pub id: TaskRunId,
    /// Count of its states.
    pub version: i64,
    /// The state to go on from.
    pub serialized_state: Option<Json>,
}

/// The task runs with these keys.
pub async fn find(
    tx: &TenantTx,
    keys: &[TaskRunKey],
) -> Result<HashMap<TaskRunKey, TaskRunInfo>, StorageError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut values = vec![Value::from(tx.tenant().0)];
    let wanted = rows_of_keys(&mut values, keys);
    // One look-up in the unique index for each key, however many task runs lie between them.
    let sql = format!(
        "WITH wanted (flow_run_id, task_id, map_index) AS (VALUES {wanted})
         SELECT t.flow_run_id, t.task_id, t.map_index, t.id, t.version, t.serialized_state
           FROM wanted CROSS JOIN task_run t
          WHERE t.tenant_id = $1 AND t.flow_run_id = wanted.flow_run_id AND t.task_id = wanted.task_id
            AND t.map_index = wanted.map_index"
    );
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let key = TaskRunKey {
                flow_run: FlowRunId(row.try_get_by_index(0)?),
                task: TaskId(row.try_get_by_index(1)?),
                map_index: row.try_get_by_index(2)?,
            };
            let info = TaskRunInfo {
                id: TaskRunId(row.try_get_by_index(3)?),
                version: row.try_get_by_index(4)?,
                serialized_state: row.try_get_by_index(5)?,
            };
            Ok((key, info))
        })
        .collect()
}

/// The task runs with these keys, made where they are missing (`Pending`, version 0: reference §5.2). A key whose task
/// is not of its flow run's flow is left out.
pub async fn get_or_create(
    tx: &TenantTx,
    keys: &[TaskRunKey],
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<HashMap<TaskRunKey, TaskRunInfo>, StorageError> {
    let mut found = find(tx, keys).await?;
    let missing: Vec<TaskRunKey> = keys.iter().filter(|key| !found.contains_key(key)).copied().collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let tasks = tasks(tx, &missing).await?;
    let pending = State::new(StateType::Pending, "Task run created.");
    let mut rows = Vec::with_capacity(missing.len());
    for key in missing {
        let Some((flow, cache_key)) = tasks.get(&(key.flow_run, key.task)) else { continue };
        if found.contains_key(&key) {
            continue;
        }
        let id = ids.id();
        let info = TaskRunInfo { id: TaskRunId(id), version: 0, serialized_state: Some(pending.to_value()) };
        found.insert(key, info);
        let event = NewEvent::new(EventKind::TaskRunCreated, now)
            .flow_run(key.flow_run)
            .flow(*flow)
            .task_run(TaskRunId(id))
            .payload(json!({ "state": pending.kind().as_str(), "version": 0, "map_index": key.map_index }));
        tx.record(event);
        rows.push(task_run::ActiveModel {
            id: Set(id),
            created: Set(now),
            updated: Set(now),
            tenant_id: Set(tx.tenant().0),
            flow_run_id: Set(key.flow_run.0),
            task_id: Set(key.task.0),
            map_index: Set(key.map_index),
            name: Set(None),
            version: Set(0),
            heartbeat: Set(None),
            start_time: Set(None),
            end_time: Set(None),
            cache_key: Set(cache_key.clone()),
            state: Set(Some(pending.kind().as_str().to_owned())),
            state_timestamp: Set(Some(now)),
            state_message: Set(pending.message().map(str::to_owned)),
            state_result: Set(None),
            state_start_time: Set(None),
            serialized_state: Set(Some(pending.to_value())),
            state_fingerprint: Set(None),
        });
    }
    let new = rows.len() as u64;
    if insert::new_rows(tx, rows).await? < new {
        // Another server made some of them in between.
        found.extend(find(tx, keys).await?);
    }
    Ok(found)
}

/// The flows and cache keys of the tasks, for pairs of a flow run and a task of its own flow.
async fn tasks(
    tx: &TenantTx,
    keys: &[TaskRunKey],
) -> Result<HashMap<(FlowRunId, TaskId), (FlowId, Option<String>)>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let flow_runs = list::ids(&mut values, unique(keys.iter().map(|key| key.flow_run.0)));
    let tasks = list::ids(&mut values, unique(keys.iter().map(|key| key.task.0)));
    let sql = format!(
        "SELECT r.id, t.id AS task_id, t.flow_id, t.cache_key FROM flow_run r JOIN task t ON t.flow_id = r.flow_id
          WHERE r.tenant_id = $1 AND r.id IN ({flow_runs}) AND t.id IN ({tasks})"
    );
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let pair = (FlowRunId(row.try_get_by_index(0)?), TaskId(row.try_get_by_index(1)?));
            Ok((pair, (FlowId(row.try_get_by_index(2)?), row.try_get_by_index(3)?)))
        })
        .collect()
}

/// The state of a task run, if there is such a one.
pub async fn serialized_state(tx: &TenantTx, id: TaskRunId) -> Result<Option<Json>, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into()];
    let rows =
        tx.query("SELECT serialized_state FROM task_run WHERE tenant_id = $1 AND id = $2", values).await?;
    let state = rows.first().map(|row| row.try_get_by_index::<Option<Json>>(0)).transpose()?;
    Ok(state.map(Option::unwrap_or_default))
}

/// Notes that a task run lives; whether there is such a one.
pub async fn touch(tx: &TenantTx, id: TaskRunId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into(), now.into()];
    let changed =
        tx.execute("UPDATE task_run SET heartbeat = $3 WHERE tenant_id = $1 AND id = $2", values).await?;
    Ok(changed == 1)
}

/// Rows of placeholders for a VALUES list, padded to a power of two by repeating the last.
fn rows_of_keys(values: &mut Vec<Value>, keys: &[TaskRunKey]) -> String {
    let padding = keys.len().next_power_of_two() - keys.len();
    let filler = keys.last().into_iter().cycle().take(padding);
    let mut rows = Vec::with_capacity(keys.len() + padding);
    for key in keys.iter().chain(filler) {
        let first = values.len() + 1;
        values.extend([key.flow_run.0.into(), key.task.0.into(), key.map_index.into()]);
        rows.push(format!("(${first}, ${}, ${})", first + 1, first + 2));
    }
    rows.join(", ")
}

fn unique(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

//! Task runs that run again.

use crate::{
    StorageError, TenantTx,
    entity::task_run_state,
    repo::{insert, list, row},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
    run::restart::TaskRun,
};
use signalbox_schema::{FlowId, FlowRunId, State, TaskId, TaskRunId};
use uuid::Uuid;

/// Task runs in one statement.
const PIECE: usize = 512;

/// All task runs of a flow run, as far as restarting is concerned.
pub async fn of_flow_run(tx: &TenantTx, run: FlowRunId) -> Result<Vec<TaskRun>, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let sql = "SELECT id, task_id, map_index, state FROM task_run
                WHERE tenant_id = $1 AND flow_run_id = $2 ORDER BY task_id, map_index";
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let state: Option<String> = row.try_get_by_index(3)?;
            Ok(TaskRun {
                id: TaskRunId(row.try_get_by_index(0)?),
                task: TaskId(row.try_get_by_index(1)?),
                map_index: row.try_get_by_index(2)?,
                state: state.map(|state| row::state(&state, "task_run")).transpose()?,
            })
        })
        .collect()
}

/// Gives many task runs of a flow run a state without a time, whatever they have; the history is written with it.
pub async fn set_all(
    tx: &TenantTx,
    (run, flow): (FlowRunId, FlowId),
    runs: &[TaskRunId],
    state: &State,
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    for piece in runs.chunks(PIECE) {
        let mut values: Vec<Value> = vec![
            tx.tenant().0.into(),
            now.into(),
            state.kind().as_str().into(),
            state.message().map(str::to_owned).into(),
            state.to_value().into(),
        ];
        let list = list::ids(&mut values, piece.iter().map(|run| run.0));
        let update = format!(
            "UPDATE task_run
                SET updated = $2, state = $3, state_timestamp = $2, state_message = $4, state_result = NULL,
                    state_start_time = NULL, serialized_state = $5, state_fingerprint = NULL,
                    version = version + 1
              WHERE tenant_id = $1 AND id IN ({list}) RETURNING id, version"
        );
        let mut history = Vec::with_capacity(piece.len());
        for row in tx.query(update, values).await? {
            let (id, version): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let event = NewEvent::new(EventKind::TaskRunState, now)
                .flow_run(run)
                .flow(flow)
                .task_run(TaskRunId(id))
                .state(state, version);
            tx.record(event);
            history.push(task_run_state::ActiveModel {
                id: Set(ids.id()),
                created: Set(now),
                updated: Set(now),
                tenant_id: Set(tx.tenant().0),
                task_run_id: Set(id),
                timestamp: Set(now),
                state: Set(state.kind().as_str().to_owned()),
                message: Set(state.message().map(str::to_owned)),
                result: Set(None),
                start_time: Set(None),
                version: Set(version),
                serialized_state: Set(state.to_value()),
                fingerprint: Set(None),
            });
        }
        insert::rows(tx, history).await?;
    }
    Ok(())
}

/// Whether a task run was `Resume` or `Running` since it was paused last.
pub async fn was_resumed(tx: &TenantTx, run: TaskRunId) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), run.0.into()];
    let sql = "SELECT count(*) FROM task_run_state
                WHERE tenant_id = $1 AND task_run_id = $2 AND state IN ('Resume', 'Running')
                  AND version > (SELECT max(version) FROM task_run_state
                                  WHERE tenant_id = $1 AND task_run_id = $2 AND state = 'Paused')";
    let rows = tx.query(sql, values).await?;
    let later: i64 = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(later > 0)
}

//! The end of task runs whose flow run has ended.

use crate::{
    StorageError, TenantTx,
    entity::task_run_state,
    repo::{insert, list, lock},
};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, Value};
use signalbox_core::{
    event::{EventKind, NewEvent},
    ids::Ids,
    run::flow_run::Unfinished,
};
use signalbox_schema::{FlowId, FlowRunId, State, StateType, TaskRunId};
use uuid::Uuid;

/// Task runs in one statement.
const PIECE: usize = 512;

/// Ends the task runs of a flow run as `how` says.
pub(super) async fn end(
    tx: &TenantTx,
    (run, flow): (FlowRunId, FlowId),
    how: Unfinished,
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let mut values = vec![Value::from(tx.tenant().0), run.0.into()];
    let (state, of_them) = match how {
        Unfinished::Kept => return Ok(()),
        Unfinished::Cancelled | Unfinished::Skipped => {
            let finished =
                StateType::ALL.iter().filter(|state| state.is_finished()).map(|state| state.as_str());
            let finished = list::texts(&mut values, finished);
            let state = match how {
                Unfinished::Skipped => State::new(StateType::Skipped, "The flow run was skipped."),
                _ => State::new(StateType::Cancelled, "The flow run was cancelled."),
            };
            (state, format!("(state IS NULL OR state NOT IN ({finished}))"))
        }
        Unfinished::RunningFailed => {
            let state =
                State::new(StateType::Failed, "The process of the flow run ended while the task ran.");
            (state, "state = 'Running'".to_owned())
        }
    };
    lock::task_runs_of(tx, run).await?;
    let select =
        format!("SELECT id, version FROM task_run WHERE tenant_id = $1 AND flow_run_id = $2 AND {of_them}");
    let rows = tx.query(select, values).await?;
    let mut history = Vec::with_capacity(rows.len());
    let mut ended = Vec::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get_by_index(0)?;
        let version: i64 = row.try_get_by_index(1)?;
        ended.push(id);
        history.push(history_row(tx, id, version + 1, &state, ids.id(), now));
        let event = NewEvent::new(EventKind::TaskRunState, now)
            .flow_run(run)
            .flow(flow)
            .task_run(TaskRunId(id))
            .state(&state, version + 1);
        tx.record(event);
    }
    insert::rows(tx, history).await?;
    for piece in ended.chunks(PIECE) {
        let mut values: Vec<Value> = vec![
            tx.tenant().0.into(),
            now.into(),
            state.kind().as_str().into(),
            state.message().map(str::to_owned).into(),
            state.to_value().into(),
        ];
        let piece = list::ids(&mut values, piece.iter().copied());
        let update = format!(
            "UPDATE task_run
                SET updated = $2, state = $3, state_timestamp = $2, state_message = $4, state_result = NULL,
                    state_start_time = NULL, serialized_state = $5, state_fingerprint = NULL,
                    version = version + 1, end_time = $2
              WHERE tenant_id = $1 AND id IN ({piece})"
        );
        tx.query(update, values).await?;
    }
    Ok(())
}

fn history_row(
    tx: &TenantTx,
    run: Uuid,
    version: i64,
    state: &State,
    id: Uuid,
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
        version: Set(version),
        serialized_state: Set(state.to_value()),
        fingerprint: Set(None),
    }
}

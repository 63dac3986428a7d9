//! Reading the log in its order. A reader that has seen a position will never find a new event before it.

use crate::{
    StorageError, TenantTx,
    repo::{
        list,
        position::{self, Counter},
    },
};
use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::Value as Json;
use signalbox_core::event::EventKind;
use signalbox_schema::{AgentId, FlowId, FlowRunId, TaskRunId};
use uuid::Uuid;

/// An event of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Its place in the log.
    pub position: i64,
    /// When it happened.
    pub occurred: DateTime<Utc>,
    /// What happened: the name of an [`EventKind`], perhaps one that only a newer version knows.
    pub kind: String,
    /// The flow run it is about.
    pub flow_run: Option<FlowRunId>,
    /// The task run it is about.
    pub task_run: Option<TaskRunId>,
    /// The flow it is about.
    pub flow: Option<FlowId>,
    /// The agent it is about.
    pub agent: Option<AgentId>,
    /// The rest, see [`EventKind`].
    pub payload: Json,
}

const COLUMNS: &str = "id, position, occurred, kind, flow_run_id, task_run_id, flow_id, agent_id, payload";

/// The events behind a position, in order; at most `limit`. Of the kinds given, or of all when none is.
pub async fn after(
    tx: &TenantTx,
    position: i64,
    kinds: &[EventKind],
    limit: u32,
) -> Result<Vec<Event>, StorageError> {
    let mut values: Vec<Value> = vec![tx.tenant_uuid().into(), position.into(), i64::from(limit).into()];
    let of_kinds = if kinds.is_empty() {
        String::new()
    } else {
        format!(" AND kind IN ({})", list::texts(&mut values, kinds.iter().map(|kind| kind.as_str())))
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM event WHERE tenant_id = $1 AND position > $2{of_kinds} ORDER BY position LIMIT $3"
    );
    tx.query(sql, values).await?.iter().map(event).collect()
}

/// The same of one flow run, through the index of its events.
pub async fn of_flow_run(
    tx: &TenantTx,
    run: FlowRunId,
    position: i64,
    kinds: &[EventKind],
    limit: u32,
) -> Result<Vec<Event>, StorageError> {
    let mut values: Vec<Value> =
        vec![tx.tenant_uuid().into(), run.0.into(), position.into(), i64::from(limit).into()];
    let kinds = list::texts(&mut values, kinds.iter().map(|kind| kind.as_str()));
    let sql = format!(
        "SELECT {COLUMNS} FROM event
          WHERE tenant_id = $1 AND flow_run_id = $2 AND position > $3 AND kind IN ({kinds})
          ORDER BY position LIMIT $4"
    );
    tx.query(sql, values).await?.iter().map(event).collect()
}

/// The position of the tenant's last event; 0 when there was none.
pub async fn last_position(tx: &TenantTx) -> Result<i64, StorageError> {
    position::last(tx, Counter::Events).await
}

/// The position of the oldest event that is kept. Positions have no gaps: if it is not 1, those before were deleted.
pub async fn oldest_position(tx: &TenantTx) -> Result<Option<i64>, StorageError> {
    let values: Vec<Value> = vec![tx.tenant_uuid().into()];
    let sql = "SELECT position FROM event WHERE tenant_id = $1 ORDER BY position LIMIT 1";
    Ok(tx.query(sql, values).await?.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

fn event(row: &QueryResult) -> Result<Event, StorageError> {
    Ok(Event {
        id: row.try_get_by_index(0)?,
        position: row.try_get_by_index(1)?,
        occurred: row.try_get_by_index(2)?,
        kind: row.try_get_by_index(3)?,
        flow_run: row.try_get_by_index::<Option<Uuid>>(4)?.map(FlowRunId),
        task_run: row.try_get_by_index::<Option<Uuid>>(5)?.map(TaskRunId),
        flow: row.try_get_by_index::<Option<Uuid>>(6)?.map(FlowId),
        agent: row.try_get_by_index::<Option<Uuid>>(7)?.map(AgentId),
        payload: row.try_get_by_index(8)?,
    })
}

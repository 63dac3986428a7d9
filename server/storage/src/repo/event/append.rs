//! Writing: the last thing of every transaction that records events.

use crate::{
    StorageError, TenantTx,
    repo::position::{self, Counter},
};
use sea_orm::Value;
use signalbox_core::event::{NewEvent, event_id};
use std::fmt::Write;
use uuid::Uuid;

/// Columns of a row, in the order of the statement.
const COLUMNS: usize = 10;
/// Most rows in one statement: there is a shape of the statement for each number below.
const PIECE: usize = 64;

/// Writes events behind the last of the tenant. From here to the commit other transactions that record events of the
/// tenant wait: that is what makes positions the order of commits.
pub(crate) async fn append(tx: &TenantTx, events: &[NewEvent]) -> Result<(), StorageError> {
    let Ok(count) = i64::try_from(events.len()) else { return Ok(()) };
    let first = position::take(tx, Counter::Events, count).await?;
    for (piece, position) in events.chunks(PIECE).zip((first..).step_by(PIECE)) {
        let mut values = Vec::with_capacity(piece.len() * COLUMNS);
        for (event, position) in piece.iter().zip(position..) {
            push(&mut values, tx, event, position);
        }
        tx.query(insert(piece.len()), values).await?;
    }
    Ok(())
}

fn push(values: &mut Vec<Value>, tx: &TenantTx, event: &NewEvent, position: i64) {
    values.extend([
        event_id(tx.tenant(), position, event.occurred).into(),
        tx.tenant_uuid().into(),
        position.into(),
        event.occurred.into(),
        event.kind.as_str().into(),
        event.flow_run.map(Uuid::from).into(),
        event.task_run.map(Uuid::from).into(),
        event.flow.map(Uuid::from).into(),
        event.agent.map(Uuid::from).into(),
        event.payload.clone().into(),
    ]);
}

fn insert(rows: usize) -> String {
    let mut sql = String::from(
        "INSERT INTO event (id, tenant_id, position, occurred, kind, flow_run_id, task_run_id, flow_id, agent_id,
                            payload) VALUES ",
    );
    for row in 0..rows {
        for column in 0..COLUMNS {
            let before = match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ",",
            };
            let _ = write!(sql, "{before}${}", row * COLUMNS + column + 1);
        }
    }
    sql.push(')');
    sql
}

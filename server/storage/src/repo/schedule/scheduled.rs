//! The list of all flows that the scheduler serves.

use crate::{StorageError, Store};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement};
use signalbox_schema::{FlowId, TenantId};

/// When a flow and its group were changed last: what was planned before is planned again when either moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    flow: DateTime<Utc>,
    group: DateTime<Utc>,
}

/// A flow whose schedule makes runs.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledFlow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub flow: FlowId,
    /// Its state when it was read.
    pub revision: Revision,
}

/// The flows, of every tenant, whose schedule is active and that were not put away. One pass over the partial index
/// `flow_scheduled`, without the schedules themselves.
pub async fn scheduled_flows(store: &Store) -> Result<Vec<ScheduledFlow>, StorageError> {
    const SQL: &str = "SELECT f.tenant_id, f.id, f.updated, g.updated
           FROM flow f JOIN flow_group g ON g.id = f.flow_group_id
          WHERE f.is_schedule_active AND NOT f.archived";
    let db = store.read_of_everybody();
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), SQL)).await?;
    rows.iter()
        .map(|row| {
            Ok(ScheduledFlow {
                tenant: TenantId(row.try_get_by_index(0)?),
                flow: FlowId(row.try_get_by_index(1)?),
                revision: Revision { flow: row.try_get_by_index(2)?, group: row.try_get_by_index(3)? },
            })
        })
        .collect()
}

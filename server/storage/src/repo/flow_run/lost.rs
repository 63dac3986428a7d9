//! Runs at work that fell silent.

use crate::{StorageError, Store, TenantTx, repo::row};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde_json::Value as Json;
use signalbox_core::run::lost::{AgentSeen, Watched};
use signalbox_schema::{AgentId, FlowId, FlowRunId, LeaseToken, TenantId};
use uuid::Uuid;

/// A run that somebody works on.
#[derive(Debug, Clone)]
pub struct AtWork {
    /// Whose it is.
    pub tenant: TenantId,
    /// The run.
    pub id: FlowRunId,
    /// Its flow.
    pub flow: FlowId,
    /// The agent that took it, if it is still known.
    pub agent: Option<AgentId>,
    /// Count of its states.
    pub version: i64,
    /// The lease on it.
    pub lease: Option<LeaseToken>,
    /// What the rule about lost runs looks at.
    pub watched: Watched,
    /// The settings of its flow group.
    pub settings: Json,
}

/// `$2` is when a task run must have been submitted to be on its way still.
macro_rules! at_work {
    () => {
        "SELECT r.tenant_id, r.id, r.flow_id, r.agent_id, r.version, r.state, r.state_timestamp, r.heartbeat, r.lease_token, r.lease_expires,
                r.times_resurrected, r.created, g.settings, a.name AS agent_name, a.last_queried,
                CASE WHEN r.agent_id IS NULL THEN 0 ELSE 1 END AS has_agent,
                CASE WHEN EXISTS (SELECT 1 FROM task_run t WHERE t.flow_run_id = r.id AND t.state = 'Running')
                     THEN 1 ELSE 0 END AS works,
                CASE WHEN EXISTS (SELECT 1 FROM task_run t WHERE t.flow_run_id = r.id AND
                          (t.state IN ('Scheduled', 'Paused', 'Resume', 'Retrying')
                           OR (t.state = 'Submitted' AND t.state_timestamp > $2)))
                     THEN 1 ELSE 0 END AS waits
           FROM flow_run r JOIN flow f ON f.id = r.flow_id JOIN flow_group g ON g.id = f.flow_group_id
                LEFT JOIN agent a ON a.id = r.agent_id
          WHERE r.state IN ('Submitted', 'Running', 'Cancelling')"
    };
}
const SILENT: &str = concat!(
    at_work!(),
    " AND (r.heartbeat IS NULL OR r.heartbeat < $1) AND (r.state, r.id) > ($3, $4) ORDER BY r.state, r.id LIMIT $5"
);

/// Runs at work that were not heard of since `before`, of every tenant: up to `limit` of them, after the one that was read
/// last. Read from the partial index `flow_run_at_work`. `under_way_since`: a task run that was submitted later is still
/// on its way to a process.
pub async fn silent(
    store: &Store,
    before: DateTime<Utc>,
    under_way_since: DateTime<Utc>,
    after: Option<&AtWork>,
    limit: u32,
) -> Result<Vec<AtWork>, StorageError> {
    let values: Vec<Value> = vec![
        before.into(),
        under_way_since.into(),
        after.map_or("", |run| run.watched.state.as_str()).into(),
        after.map_or(Uuid::nil(), |run| run.id.0).into(),
        i64::from(limit).into(),
    ];
    let db = store.read_of_everybody();
    let statement = Statement::from_sql_and_values(db.get_database_backend(), SILENT, values);
    db.query_all_raw(statement).await?.iter().map(read).collect()
}

/// One run, if somebody works on it.
pub async fn watched(
    tx: &TenantTx,
    id: FlowRunId,
    under_way_since: DateTime<Utc>,
) -> Result<Option<AtWork>, StorageError> {
    const SQL: &str = concat!(at_work!(), " AND r.tenant_id = $1 AND r.id = $3");
    let values = vec![tx.tenant().0.into(), under_way_since.into(), id.0.into()];
    tx.query(SQL, values).await?.first().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<AtWork, StorageError> {
    let state: String = row.try_get("", "state")?;
    let state_since: Option<DateTime<Utc>> = row.try_get("", "state_timestamp")?;
    let yes = |column: &str| Ok::<_, StorageError>(row.try_get::<i32>("", column)? != 0);
    let agent = if yes("has_agent")? {
        let name: Option<String> = row.try_get("", "agent_name")?;
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        Some(AgentSeen { name, last_seen: row.try_get("", "last_queried")? })
    } else {
        None
    };
    let reschedules: i64 = row.try_get("", "times_resurrected")?;
    let watched = Watched {
        state: row::state(&state, "flow_run")?,
        state_since: match state_since {
            Some(since) => since,
            None => row.try_get("", "created")?,
        },
        heartbeat: row.try_get("", "heartbeat")?,
        lease_expires: row.try_get("", "lease_expires")?,
        agent,
        works: yes("works")?,
        waits: yes("waits")?,
        reschedules: u32::try_from(reschedules).unwrap_or_default(),
    };
    Ok(AtWork {
        tenant: TenantId(row.try_get("", "tenant_id")?),
        id: FlowRunId(row.try_get("", "id")?),
        flow: FlowId(row.try_get("", "flow_id")?),
        agent: row.try_get::<Option<Uuid>>("", "agent_id")?.map(AgentId),
        version: row.try_get("", "version")?,
        lease: row.try_get::<Option<Uuid>>("", "lease_token")?.map(LeaseToken),
        watched,
        settings: row.try_get("", "settings")?,
    })
}

/// Makes sure that a run is still as it was seen, and that nobody changes it before the transaction ends: nobody else
/// found it lost, and it was not heard of. `reschedules` is how often it was started again, this time counted.
pub async fn seize(tx: &TenantTx, run: &AtWork, reschedules: u32) -> Result<bool, StorageError> {
    let values = vec![
        tx.tenant().0.into(),
        run.id.0.into(),
        run.version.into(),
        run.watched.heartbeat.into(),
        run.lease.map(Uuid::from).into(),
        run.watched.lease_expires.into(),
        i64::from(reschedules).into(),
    ];
    let changed = tx
        .execute(
            "UPDATE flow_run SET times_resurrected = $7
              WHERE tenant_id = $1 AND id = $2 AND version = $3 AND heartbeat IS NOT DISTINCT FROM $4
                AND lease_token IS NOT DISTINCT FROM $5 AND lease_expires IS NOT DISTINCT FROM $6",
            values,
        )
        .await?;
    Ok(changed == 1)
}

/// Ends the lease on a run, which goes on without a process.
pub async fn end_lease(tx: &TenantTx, id: FlowRunId, now: DateTime<Utc>) -> Result<(), StorageError> {
    let values = vec![tx.tenant().0.into(), id.0.into(), now.into()];
    tx.execute(
        "UPDATE flow_run SET lease_token = NULL, lease_expires = NULL, heartbeat = NULL, updated = $3
          WHERE tenant_id = $1 AND id = $2",
        values,
    )
    .await?;
    Ok(())
}

#[cfg(test)]
#[path = "lost_tests.rs"]
mod tests;

//! What is known about a run that somebody asks about. Each function is one statement.

use super::queue::Lot;
use crate::{
    StorageError, TenantTx,
    repo::{concurrency::About, list, row},
};
use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::Value as Json;
use signalbox_core::explain::{AgentFacts, Holder, LimitFacts, Reserved, RunFacts, TaskFacts};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};
use std::collections::HashMap;
use uuid::Uuid;

/// Most agents that are looked at: those that asked for work last.
const AGENTS: i64 = 200;
/// Most holders that are named for one limit.
const HOLDERS: i64 = 10;
/// Runs that come before another are counted up to here.
const AHEAD: i64 = 1_000;

/// The run.
pub async fn run(tx: &TenantTx, id: FlowRunId) -> Result<Option<RunFacts>, StorageError> {
    let rows = tx
        .query(
            "SELECT r.id, r.state, r.state_timestamp, r.created, r.state_message, r.state_start_time, r.labels_key,
                    r.priority, r.start_time, r.end_time, r.heartbeat, r.lease_token, r.lease_expires, r.auto_scheduled,
                    r.reserved_by, r.reserved_until, a.id AS agent_id, a.name AS agent_name, f.archived,
                    f.is_schedule_active
               FROM flow_run r JOIN flow f ON f.id = r.flow_id LEFT JOIN agent a ON a.id = r.agent_id
              WHERE r.tenant_id = $1 AND r.id = $2",
            vec![tx.tenant().0.into(), id.0.into()],
        )
        .await?;
    rows.first().map(run_facts).transpose()
}

fn run_facts(row: &QueryResult) -> Result<RunFacts, StorageError> {
    let state: String = row.try_get("", "state")?;
    let since: Option<DateTime<Utc>> = row.try_get("", "state_timestamp")?;
    let key: String = row.try_get("", "labels_key")?;
    let agent: Option<Uuid> = row.try_get("", "agent_id")?;
    let name: Option<String> = row.try_get("", "agent_name")?;
    let leased = row.try_get::<Option<Uuid>>("", "lease_token")?.is_some();
    let lease_until: Option<DateTime<Utc>> = row.try_get("", "lease_expires")?;
    Ok(RunFacts {
        id: FlowRunId(row.try_get("", "id")?),
        state: row::state(&state, "flow_run")?,
        state_since: since.map_or_else(|| row.try_get("", "created"), Ok)?,
        message: row.try_get("", "state_message")?,
        due: row.try_get("", "state_start_time")?,
        labels: LabelSet::from_key(&key).unwrap_or_default(),
        priority: row.try_get("", "priority")?,
        start_time: row.try_get("", "start_time")?,
        end_time: row.try_get("", "end_time")?,
        heartbeat: row.try_get("", "heartbeat")?,
        agent: agent.map(|id| (AgentId(id), name.unwrap_or_else(|| id.to_string()))),
        lease_until: lease_until.filter(|_| leased),
        reserved: reserved(row)?,
        archived: row.try_get("", "archived")?,
        auto_scheduled: row.try_get("", "auto_scheduled")?,
        schedule_active: row.try_get("", "is_schedule_active")?,
    })
}

/// The name under which a run is reserved begins with the agent's id, where that was known.
fn reserved(row: &QueryResult) -> Result<Option<Reserved>, StorageError> {
    let until: Option<DateTime<Utc>> = row.try_get("", "reserved_until")?;
    let by: Option<String> = row.try_get("", "reserved_by")?;
    let agent = by.and_then(|by| Uuid::try_parse(by.split(' ').next()?).ok()).map(AgentId);
    Ok(until.map(|until| Reserved { agent, until }))
}

/// The tenant's agents, those that asked for work last first, with how many runs each has under way.
pub async fn agents(tx: &TenantTx) -> Result<Vec<AgentFacts>, StorageError> {
    let rows = tx
        .query(
            "SELECT a.id, a.name, a.labels, a.last_queried,
                    (SELECT count(*) FROM flow_run r WHERE r.agent_id = a.id
                        AND r.state IN ('Submitted', 'Running', 'Cancelling'))
               FROM agent a WHERE a.tenant_id = $1
              ORDER BY CASE WHEN a.last_queried IS NULL THEN 1 ELSE 0 END, a.last_queried DESC LIMIT $2",
            vec![tx.tenant().0.into(), AGENTS.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let id: Uuid = row.try_get_by_index(0)?;
            let name: Option<String> = row.try_get_by_index(1)?;
            let labels: Json = row.try_get_by_index(2)?;
            let runs: i64 = row.try_get_by_index(4)?;
            Ok(AgentFacts {
                id: AgentId(id),
                name: name.unwrap_or_else(|| id.to_string()),
                labels: serde_json::from_value(labels).unwrap_or_default(),
                last_queried: row.try_get_by_index(3)?,
                runs: u64::try_from(runs).unwrap_or_default(),
            })
        })
        .collect()
}

/// The limits on these labels (or tags), with their holders: two statements, the second only when a slot is taken.
pub async fn limits(tx: &TenantTx, about: About, names: &[String]) -> Result<Vec<LimitFacts>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let names = list::texts(&mut values, names.iter().map(String::as_str));
    let sql = format!(
        "SELECT l.id, l.{name}, l.\"limit\", (SELECT count(*) FROM concurrency_slot s WHERE s.{limit} = l.id)
           FROM {table} l WHERE l.tenant_id = $1 AND l.{name} IN ({names}) ORDER BY l.{name}",
        name = about.name(),
        limit = about.limit(),
        table = about.table(),
    );
    let mut limits = Vec::new();
    for row in tx.query(sql, values).await? {
        let (id, name): (Uuid, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (slots, taken) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        limits.push((id, LimitFacts { name, slots, taken, holders: Vec::new() }));
    }
    let taken: Vec<Uuid> = limits.iter().filter(|(_, limit)| limit.taken > 0).map(|(id, _)| *id).collect();
    let mut holders = holders(tx, about, &taken).await?;
    Ok(limits
        .into_iter()
        .map(|(id, limit)| LimitFacts { holders: holders.remove(&id).unwrap_or_default(), ..limit })
        .collect())
}

async fn holders(
    tx: &TenantTx,
    about: About,
    limits: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Holder>>, StorageError> {
    let mut holders: HashMap<Uuid, Vec<Holder>> = HashMap::new();
    if limits.is_empty() {
        return Ok(holders);
    }
    let mut values = vec![Value::from(tx.tenant().0), HOLDERS.into()];
    let limits = list::ids(&mut values, limits.iter().copied());
    let limit = about.limit();
    let sql = format!(
        "SELECT held.{limit}, held.flow_run_id, r.name, held.created
           FROM (SELECT s.{limit}, s.flow_run_id, s.created,
                        row_number() OVER (PARTITION BY s.{limit} ORDER BY s.created, s.id) AS position
                   FROM concurrency_slot s WHERE s.tenant_id = $1 AND s.{limit} IN ({limits})) AS held
           JOIN flow_run r ON r.id = held.flow_run_id
          WHERE held.position <= $2 ORDER BY held.position"
    );
    for row in tx.query(sql, values).await? {
        let run: Uuid = row.try_get_by_index(1)?;
        let name: Option<String> = row.try_get_by_index(2)?;
        let holder = Holder {
            run: FlowRunId(run),
            name: name.unwrap_or_else(|| run.to_string()),
            since: row.try_get_by_index(3)?,
        };
        holders.entry(row.try_get_by_index(0)?).or_default().push(holder);
    }
    Ok(holders)
}

/// How many due runs of these lots come before a run: of higher priority, or of the same and longer waiting.
pub async fn ahead(
    tx: &TenantTx,
    run: &RunFacts,
    lots: &[&Lot],
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let Some(due) = run.due.filter(|_| !lots.is_empty()) else { return Ok(0) };
    let mut keys: Vec<&str> = lots.iter().map(|lot| lot.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut values: Vec<Value> = vec![
        tx.tenant().0.into(),
        now.into(),
        run.priority.into(),
        due.into(),
        run.id.0.into(),
        AHEAD.into(),
    ];
    let keys = list::texts(&mut values, keys);
    let sql = format!(
        "SELECT count(*) FROM (
             SELECT 1 AS one FROM flow_run r
              WHERE r.tenant_id = $1 AND r.state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued')
                AND r.state_start_time IS NOT NULL AND r.state_start_time <= $2 AND r.labels_key IN ({keys})
                AND (r.priority > $3 OR r.priority = $3 AND (r.state_start_time, r.id) < ($4, $5))
              LIMIT $6) AS before_it"
    );
    let rows = tx.query(sql, values).await?;
    let count: i64 = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The tasks of a run that is under way, as far as they run or wait; without limits.
pub async fn tasks(tx: &TenantTx, id: FlowRunId) -> Result<(TaskFacts, Vec<String>), StorageError> {
    let rows = tx
        .query(
            "SELECT t.state, k.name, k.slug, k.tags, count(*), min(t.state_start_time)
               FROM task_run t JOIN task k ON k.id = t.task_id
              WHERE t.tenant_id = $1 AND t.flow_run_id = $2
                AND t.state IN ('Running', 'Retrying', 'Scheduled', 'Queued', 'Paused')
              GROUP BY t.state, k.id, k.name, k.slug, k.tags ORDER BY min(t.state_start_time), k.slug",
            vec![tx.tenant().0.into(), id.0.into()],
        )
        .await?;
    let (mut facts, mut tags) = (TaskFacts::default(), Vec::new());
    for row in rows {
        let state: String = row.try_get_by_index(0)?;
        let count = u64::try_from(row.try_get_by_index::<i64>(4)?).unwrap_or_default();
        match state.as_str() {
            "Running" => facts.running += count,
            "Queued" => {
                facts.queued += count;
                let of_task: Json = row.try_get_by_index(3)?;
                tags.extend(
                    of_task.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned),
                );
            }
            state => {
                let due: Option<DateTime<Utc>> = row.try_get_by_index(5)?;
                let name: Option<String> = row.try_get_by_index(1)?;
                let name = name.map_or_else(|| row.try_get_by_index(2), Ok)?;
                if state == "Paused" && due.is_none() {
                    facts.approval = facts.approval.or(Some(name));
                    continue;
                }
                facts.retry = facts.retry.or(due.map(|due| (name, due)));
            }
        }
    }
    tags.sort_unstable();
    tags.dedup();
    Ok((facts, tags))
}

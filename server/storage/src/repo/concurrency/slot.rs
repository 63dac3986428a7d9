//! Slots: who may take one, and taking it.

use super::About;
use crate::{StorageError, TenantTx, dialect::Dialect, repo::list};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_core::{
    concurrency::{Ledger, Limit},
    ids::Ids,
};
use signalbox_schema::{FlowRunId, TaskRunId};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The labels of these flow runs; none at all where the tenant has no limits of labels.
pub async fn labels(
    tx: &TenantTx,
    runs: &[FlowRunId],
) -> Result<HashMap<FlowRunId, Vec<String>>, StorageError> {
    if runs.is_empty() || !is_limited(tx, About::Label).await? {
        return Ok(HashMap::new());
    }
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.iter().map(|id| id.0));
    let sql = format!("SELECT id, labels FROM flow_run WHERE tenant_id = $1 AND id IN ({runs})");
    let rows = named(tx, sql, values).await?;
    Ok(rows.into_iter().map(|(id, names)| (FlowRunId(id), names)).collect())
}

/// The tags of the tasks of these task runs; none at all where the tenant has no limits of tags.
pub async fn tags(
    tx: &TenantTx,
    runs: &[TaskRunId],
) -> Result<HashMap<TaskRunId, Vec<String>>, StorageError> {
    if runs.is_empty() || !is_limited(tx, About::Tag).await? {
        return Ok(HashMap::new());
    }
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.iter().map(|id| id.0));
    let sql = format!(
        "SELECT t.id, k.tags FROM task_run t JOIN task k ON k.id = t.task_id
          WHERE t.tenant_id = $1 AND t.id IN ({runs})"
    );
    let rows = named(tx, sql, values).await?;
    Ok(rows.into_iter().map(|(id, names)| (TaskRunId(id), names)).collect())
}

/// Whether the tenant has any limit of this kind. Most have none, and pay this look-up alone.
async fn is_limited(tx: &TenantTx, about: About) -> Result<bool, StorageError> {
    let sql = format!("SELECT 1 FROM {} WHERE tenant_id = $1 LIMIT 1", about.table());
    Ok(!tx.query(sql, vec![tx.tenant().0.into()]).await?.is_empty())
}

async fn named(
    tx: &TenantTx,
    sql: String,
    values: Vec<Value>,
) -> Result<Vec<(Uuid, Vec<String>)>, StorageError> {
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let names: Json = row.try_get_by_index(1)?;
            Ok((row.try_get_by_index(0)?, texts(&names).map(str::to_owned).collect()))
        })
        .collect()
}

/// The texts of a JSON list.
pub(super) fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// Keeps everybody else from taking slots of the limits on these labels (or tags) until this transaction ends.
///
/// Whoever lets runs in does this first, before he locks anything but an agent, and then reads the [`ledger`] in a
/// statement of its own, which sees what was committed while it waited here. The limits are locked in the order of
/// their ids, so that nobody waits for somebody who waits for him. On SQLite the transaction is alone anyway.
pub async fn lock<'a>(
    tx: &TenantTx,
    about: About,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), StorageError> {
    if tx.dialect() != Dialect::Postgres {
        return Ok(());
    }
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    let mut values = vec![Value::from(tx.tenant().0)];
    let names = list::texts(&mut values, names);
    let sql = format!(
        "SELECT id FROM {} WHERE tenant_id = $1 AND {} IN ({names}) ORDER BY id FOR NO KEY UPDATE",
        about.table(),
        about.name()
    );
    tx.query(sql, values).await?;
    Ok(())
}

/// The tenant's limits of this kind, and how many of their slots are taken.
pub async fn ledger(tx: &TenantTx, about: About) -> Result<Ledger, StorageError> {
    let sql = format!(
        "SELECT l.id, l.{}, l.\"limit\", (SELECT count(*) FROM concurrency_slot s WHERE s.{} = l.id)
           FROM {} l WHERE l.tenant_id = $1",
        about.name(),
        about.limit(),
        about.table()
    );
    let rows = tx.query(sql, vec![tx.tenant().0.into()]).await?;
    let limits = rows.iter().map(|row| {
        Ok(Limit {
            id: row.try_get_by_index(0)?,
            name: row.try_get_by_index(1)?,
            slots: row.try_get_by_index(2)?,
            taken: row.try_get_by_index(3)?,
        })
    });
    Ok(Ledger::new(limits.collect::<Result<Vec<_>, StorageError>>()?))
}

/// Gives flow runs that are under way their slots, whoever let them in: called wherever states are written.
pub(in crate::repo) async fn seat_flow_runs(
    tx: &TenantTx,
    runs: &[FlowRunId],
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let labels = labels(tx, runs).await?;
    seat(tx, About::Label, labels.into_iter().map(|(run, names)| (run.0, names)), ids, now).await
}

/// The same for task runs.
pub(in crate::repo) async fn seat_task_runs(
    tx: &TenantTx,
    runs: &[TaskRunId],
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let tags = tags(tx, runs).await?;
    seat(tx, About::Tag, tags.into_iter().map(|(run, names)| (run.0, names)), ids, now).await
}

async fn seat(
    tx: &TenantTx,
    about: About,
    runs: impl Iterator<Item = (Uuid, Vec<String>)>,
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let runs: Vec<_> = runs.filter(|(_, names)| !names.is_empty()).collect();
    if runs.is_empty() {
        return Ok(());
    }
    let ledger = ledger(tx, about).await?;
    for (run, names) in runs {
        for limit in ledger.limits(&names) {
            take(tx, about, (run, limit), ids, now).await?;
        }
    }
    Ok(())
}

/// Which of these runs have slots already.
pub async fn seated(tx: &TenantTx, about: About, runs: &[Uuid]) -> Result<HashSet<Uuid>, StorageError> {
    let run = about.run();
    let mut values = vec![Value::from(tx.tenant().0)];
    let runs = list::ids(&mut values, runs.iter().copied());
    let sql = format!(
        "SELECT DISTINCT {run} FROM concurrency_slot
          WHERE tenant_id = $1 AND {run} IN ({runs}) AND {} IS NOT NULL",
        about.limit()
    );
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Writes down one slot. A run that is not under way (any more), or that has the slot already, is left out: what is
/// decided in one batch may begin a run and end it.
pub(super) async fn take(
    tx: &TenantTx,
    about: About,
    (run, limit): (Uuid, Uuid),
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let sql = match about {
        About::Label => {
            "INSERT INTO concurrency_slot (id, created, updated, tenant_id, flow_concurrency_limit_id, flow_run_id)
             SELECT $2, $3, $3, r.tenant_id, l.id, r.id FROM flow_run r JOIN flow_concurrency_limit l ON l.id = $4
              WHERE r.tenant_id = $1 AND l.tenant_id = $1 AND r.id = $5
                AND r.state IN ('Submitted', 'Running', 'Cancelling')
             ON CONFLICT DO NOTHING"
        }
        About::Tag => {
            "INSERT INTO concurrency_slot (id, created, updated, tenant_id, task_tag_limit_id, flow_run_id, task_run_id)
             SELECT $2, $3, $3, t.tenant_id, l.id, t.flow_run_id, t.id FROM task_run t JOIN task_tag_limit l ON l.id = $4
              WHERE t.tenant_id = $1 AND l.tenant_id = $1 AND t.id = $5 AND t.state = 'Running'
             ON CONFLICT DO NOTHING"
        }
    };
    let values: Vec<Value> =
        vec![tx.tenant().0.into(), ids.id().into(), now.into(), limit.into(), run.into()];
    tx.execute(sql, values).await?;
    Ok(())
}

//! Runs that wait to be handed out.
//!
//! The index `flow_run_queue` is ordered by labels, priority and time. Waiting runs of the same labels and priority are
//! a *lot*. A poll costs a few look-ups for each lot, and then the runs it takes, however many runs wait: labels and
//! limits are looked at before the limit on rows, and a backlog that nobody may take does not hide the runs behind it.

use crate::{
    StorageError, TenantTx,
    repo::{list, lock},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_schema::{FlowRunId, LabelSet};
use std::collections::HashSet;

/// Most lots that one statement reads from.
const LOTS_AT_ONCE: usize = 32;

/// Waiting runs of the same labels and priority.
#[derive(Debug, Clone)]
pub struct Lot {
    /// The labels.
    pub labels: LabelSet,
    /// Their canonical text.
    pub key: String,
    /// The priority.
    pub priority: i64,
    /// When the first of the runs is due.
    pub earliest: DateTime<Utc>,
}

/// How many runs to read from a lot.
#[derive(Debug)]
pub struct Draw<'a> {
    /// The lot.
    pub lot: &'a Lot,
    /// At most this many, the longest waiting first.
    pub most: u32,
}

/// A run that waits.
#[derive(Debug)]
pub struct Waiting<'a> {
    /// The run.
    pub id: FlowRunId,
    /// When it is due.
    pub start: DateTime<Utc>,
    /// The lot it was drawn from.
    pub lot: &'a Lot,
}

/// Rows of the partial indexes `flow_run_queue` and `task_run_queue`.
macro_rules! waiting {
    ($row:literal) => {
        concat!(
            $row,
            ".state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued') AND ",
            $row,
            ".state_start_time IS NOT NULL"
        )
    };
}

/// A loose scan of the index, first from labels to labels and then, for each, from priority to priority.
const LOTS: &str = concat!(
    "WITH RECURSIVE label (k) AS (
        SELECT (SELECT r.labels_key FROM flow_run r WHERE r.tenant_id = $1 AND ",
    waiting!("r"),
    " ORDER BY r.labels_key LIMIT 1)
        UNION ALL
        SELECT (SELECT r.labels_key FROM flow_run r WHERE r.tenant_id = $1 AND ",
    waiting!("r"),
    " AND r.labels_key > label.k ORDER BY r.labels_key LIMIT 1) FROM label WHERE label.k IS NOT NULL),
     lot (k, p) AS (
        SELECT label.k, (SELECT r.priority FROM flow_run r WHERE r.tenant_id = $1 AND ",
    waiting!("r"),
    " AND r.labels_key = label.k ORDER BY r.priority LIMIT 1) FROM label WHERE label.k IS NOT NULL
        UNION ALL
        SELECT lot.k, (SELECT r.priority FROM flow_run r WHERE r.tenant_id = $1 AND ",
    waiting!("r"),
    " AND r.labels_key = lot.k AND r.priority > lot.p ORDER BY r.priority LIMIT 1) FROM lot WHERE lot.p IS NOT NULL)
     SELECT lot.k, lot.p, (SELECT r.state_start_time FROM flow_run r WHERE r.tenant_id = $1 AND ",
    waiting!("r"),
    " AND r.labels_key = lot.k AND r.priority = lot.p ORDER BY r.state_start_time LIMIT 1)
       FROM lot WHERE lot.p IS NOT NULL"
);

/// The tenant's lots: a few look-ups for each.
pub async fn lots(tx: &TenantTx) -> Result<Vec<Lot>, StorageError> {
    let rows = tx.query(LOTS, vec![tx.tenant().0.into()]).await?;
    rows.iter()
        .map(|row| {
            let key: String = row.try_get_by_index(0)?;
            let labels = LabelSet::from_key(&key).ok_or_else(|| StorageError::Inconsistent {
                table: "flow_run",
                problem: format!("'{key}' is not a set of labels"),
            })?;
            let (priority, earliest) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            Ok(Lot { labels, key, priority, earliest })
        })
        .collect()
}

/// Who asks for runs, and when: a run that was shown to somebody else a moment ago is passed over.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The name under which runs are reserved for the one who asks.
    pub name: &'a str,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// The runs of these lots that are due after `after` and not after `before`, the longest waiting first; without those that
/// are reserved for another than the one who asks, those that something else holds back (`held`), and in a transaction
/// those that somebody else is about to take.
pub async fn due_runs<'a>(
    tx: &TenantTx,
    asker: Asker<'_>,
    draws: &[Draw<'a>],
    after: DateTime<Utc>,
    before: DateTime<Utc>,
    held: &[FlowRunId],
) -> Result<Vec<Waiting<'a>>, StorageError> {
    let mut runs = Vec::new();
    for piece in draws.chunks(LOTS_AT_ONCE) {
        let mut values = vec![
            tx.tenant().0.into(),
            after.into(),
            before.into(),
            asker.now.into(),
            asker.name.to_owned().into(),
        ];
        let without = match held {
            [] => String::new(),
            held => format!(" AND r.id NOT IN ({})", list::ids(&mut values, held.iter().map(|run| run.0))),
        };
        let mut parts = Vec::with_capacity(piece.len());
        for (number, draw) in piece.iter().enumerate() {
            let first = values.len() + 1;
            values.extend([
                Value::from(draw.lot.key.as_str()),
                draw.lot.priority.into(),
                i64::from(draw.most).into(),
            ]);
            parts.push(format!(
                concat!(
                    "SELECT * FROM (SELECT {number} AS lot, r.state_start_time, r.id FROM flow_run r
                      WHERE r.tenant_id = $1 AND ",
                    waiting!("r"),
                    " AND r.labels_key = ${key} AND r.priority = ${priority}
                        AND r.state_start_time > $2 AND r.state_start_time <= $3{without}
                        AND (r.reserved_until IS NULL OR r.reserved_until <= $4 OR r.reserved_by = $5)
                      ORDER BY r.state_start_time, r.id LIMIT ${most}{free}) AS lot{number}"
                ),
                free = tx.free_rows(),
                number = number,
                key = first,
                priority = first + 1,
                without = without,
                most = first + 2
            ));
        }
        let sql = parts.join(" UNION ALL ");
        for row in tx.query(sql, values).await? {
            let lot: i32 = row.try_get_by_index(0)?;
            let Some(draw) = usize::try_from(lot).ok().and_then(|lot| piece.get(lot)) else { continue };
            let (start, id) = (row.try_get_by_index(1)?, FlowRunId(row.try_get_by_index(2)?));
            runs.push(Waiting { id, start, lot: draw.lot });
        }
    }
    runs.sort_by_key(|run| (run.start, run.id));
    Ok(runs)
}

/// A run of which a retry is due.
#[derive(Debug)]
pub struct DueRetry {
    /// The run.
    pub id: FlowRunId,
    /// Count of its states.
    pub version: i64,
    /// Its labels.
    pub labels: LabelSet,
}

/// Most task runs that are read to find the runs of which a retry is due.
const RETRIES_AT_ONCE: i64 = 1_000;

/// Runs that are `Running` but whose process left for a long retry that is due, with their labels; runs that are
/// reserved for another than the one who asks are left out. A process waits for a short retry by itself, and lives: only
/// runs count that were not heard of since `silent_since`. Where a flow group sends no heartbeats, a retry counts that
/// was due then already: a living process would have taken it up. A task run that is `Queued` is no retry: its process
/// waits for the slot.
pub async fn retry_due_runs(
    tx: &TenantTx,
    asker: Asker<'_>,
    before: DateTime<Utc>,
    silent_since: DateTime<Utc>,
) -> Result<Vec<DueRetry>, StorageError> {
    const SQL: &str = concat!(
        "SELECT r.id, r.labels_key, t.state_start_time, f.settings, r.version
           FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id JOIN flow f ON f.id = r.flow_id
          WHERE t.tenant_id = $1 AND ",
        waiting!("t"),
        " AND t.state <> 'Queued' AND t.state_start_time <= $2 AND r.state = 'Running' AND r.lease_token IS NULL
          AND (r.heartbeat IS NULL OR r.heartbeat < $3)
          AND (r.reserved_until IS NULL OR r.reserved_until <= $4 OR r.reserved_by = $5)
          ORDER BY t.state_start_time LIMIT $6"
    );
    let values = vec![
        tx.tenant().0.into(),
        before.into(),
        silent_since.into(),
        asker.now.into(),
        asker.name.to_owned().into(),
        Value::from(RETRIES_AT_ONCE),
    ];
    let mut runs: Vec<DueRetry> = Vec::new();
    for row in tx.query(SQL, values).await? {
        let id = FlowRunId(row.try_get_by_index(0)?);
        let due: DateTime<Utc> = row.try_get_by_index(2)?;
        let settings: Option<Json> = row.try_get_by_index(3)?;
        let beats = settings.and_then(|settings| settings.get("heartbeat_enabled")?.as_bool()) != Some(false);
        if (beats || due <= silent_since) && !runs.iter().any(|known| known.id == id) {
            let key: String = row.try_get_by_index(1)?;
            let labels = LabelSet::from_key(&key).unwrap_or_default();
            runs.push(DueRetry { id, version: row.try_get_by_index(4)?, labels });
        }
    }
    Ok(runs)
}

/// How long it is remembered to how many a run was shown.
const LATELY: TimeDelta = TimeDelta::minutes(10);

/// Reserves runs for the one who asks, until `until`; yields those that nobody else had or took meanwhile. One
/// statement, so that of two who ask at once each gets other runs.
pub async fn reserve(
    tx: &TenantTx,
    asker: Asker<'_>,
    runs: &[FlowRunId],
    until: DateTime<Utc>,
) -> Result<HashSet<FlowRunId>, StorageError> {
    lock::in_order(tx, runs).await?;
    let mut values: Vec<Value> =
        vec![tx.tenant().0.into(), asker.now.into(), asker.name.to_owned().into(), until.into()];
    values.push((asker.now - LATELY).into());
    let runs = list::ids(&mut values, runs.iter().map(|run| run.0));
    let sql = format!(
        "UPDATE flow_run SET reserved_by = $3, reserved_until = $4,
                handed_out = CASE WHEN reserved_by = $3 THEN handed_out WHEN reserved_until > $5 THEN handed_out + 1
                                  ELSE 1 END
          WHERE tenant_id = $1 AND id IN ({runs}) AND lease_token IS NULL
            AND state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued', 'Running')
            AND (reserved_until IS NULL OR reserved_until <= $2 OR reserved_by = $3)
      RETURNING id"
    );
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| Ok(FlowRunId(row.try_get_by_index(0)?))).collect()
}

/// When the first retry of the tenant is due, whoever waits for it.
pub async fn earliest_retry(tx: &TenantTx) -> Result<Option<DateTime<Utc>>, StorageError> {
    const SQL: &str = concat!(
        "SELECT t.state_start_time FROM task_run t WHERE t.tenant_id = $1 AND ",
        waiting!("t"),
        " AND t.state <> 'Queued' ORDER BY t.state_start_time LIMIT 1"
    );
    let rows = tx.query(SQL, vec![tx.tenant().0.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::LOTS;
    use crate::Store;
    use signalbox_backing::Backing;

    #[tokio::test]
    async fn lots_are_found_by_the_index_alone() {
        let backing = Backing::sqlite();
        let _store = Store::open(&backing.database_url()).await.unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", LOTS.replace("$1", "x'01'"));
        let rows = backing.database().await.rows(&sql).await;
        let plan: Vec<String> = rows.into_iter().map(|mut row| row.remove(3)).collect();
        let searches: Vec<&str> = plan
            .iter()
            .filter_map(|step| step.strip_prefix("SEARCH r USING INDEX flow_run_queue (tenant_id=?"))
            .collect();
        assert_eq!(
            searches,
            [
                ")",
                " AND labels_key>?)",
                " AND labels_key=?)",
                " AND labels_key=? AND priority>?)",
                " AND labels_key=? AND priority=? AND state_start_time>?)"
            ],
            "{plan:#?}"
        );
    }
}

//! Runs that wait to be handed out.
//!
//! The index `flow_run_queue` is ordered by labels, priority and time. Waiting runs of the same labels and priority are
//! a *lot*. A poll costs a few look-ups for each lot, and then the runs it takes, however many runs wait: labels and
//! limits are looked at before the limit on rows, and a backlog that nobody may take does not hide the runs behind it.

use crate::{StorageError, TenantTx, repo::list};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::{FlowRunId, LabelSet};

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

/// The runs of these lots that are due after `after` and not after `before`, the longest waiting first; without those that
/// something else holds back, and in a transaction without those that somebody else is about to take.
pub async fn due_runs<'a>(
    tx: &TenantTx,
    draws: &[Draw<'a>],
    after: DateTime<Utc>,
    before: DateTime<Utc>,
    held: &[FlowRunId],
) -> Result<Vec<Waiting<'a>>, StorageError> {
    let mut runs = Vec::new();
    for piece in draws.chunks(LOTS_AT_ONCE) {
        let mut values = vec![tx.tenant().0.into(), after.into(), before.into()];
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

/// Runs that are `Running` but whose process left for a long retry that is due, with their labels. `silent_since`: only
/// those whose process was not heard of since (a process waits for a short retry by itself, and lives). `None` asks as
/// the stock agent does, which looks at the times itself. A task run that is `Queued` is no retry: its process waits for
/// the slot.
pub async fn retry_due_runs(
    tx: &TenantTx,
    before: DateTime<Utc>,
    silent_since: Option<DateTime<Utc>>,
    limit: u32,
) -> Result<Vec<(FlowRunId, LabelSet)>, StorageError> {
    const SQL: &str = concat!(
        "SELECT DISTINCT r.id, r.labels_key FROM task_run t JOIN flow_run r ON r.id = t.flow_run_id
          WHERE t.tenant_id = $1 AND ",
        waiting!("t"),
        " AND t.state <> 'Queued' AND t.state_start_time <= $2 AND r.state = 'Running' AND r.lease_token IS NULL
          AND ($3 IS NULL OR r.heartbeat IS NULL OR r.heartbeat < $3) LIMIT $4"
    );
    let values =
        vec![tx.tenant().0.into(), before.into(), silent_since.into(), Value::from(i64::from(limit))];
    let rows = tx.query(SQL, values).await?;
    rows.iter()
        .map(|row| {
            let key: String = row.try_get_by_index(1)?;
            let labels = LabelSet::from_key(&key).unwrap_or_default();
            Ok((FlowRunId(row.try_get_by_index(0)?), labels))
        })
        .collect()
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

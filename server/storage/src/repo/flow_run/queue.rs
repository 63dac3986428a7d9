//! Runs that wait to be handed out.
//!
//! The index `flow_run_queue` is ordered by labels and then by time, so a poll costs as many look-ups as there are
//! different sets of labels among waiting runs, however many runs wait: labels are filtered before the limit, and a
//! backlog that nobody may take does not hide the runs behind it.

use crate::{StorageError, TenantTx, repo::list};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use signalbox_schema::{FlowRunId, LabelSet};

/// A set of labels that waiting runs have, and when the first of them is due.
#[derive(Debug)]
pub struct DueLabels {
    /// The labels.
    pub labels: LabelSet,
    /// Their canonical text.
    pub key: String,
    /// When the first such run is due.
    pub earliest: DateTime<Utc>,
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

/// The sets of labels among the tenant's waiting runs. A loose scan of the index: one look-up per set.
pub async fn due_labels(tx: &TenantTx) -> Result<Vec<DueLabels>, StorageError> {
    const SQL: &str = concat!(
        "WITH RECURSIVE label (k) AS (
            SELECT (SELECT r.labels_key FROM flow_run r WHERE r.tenant_id = $1 AND ",
        waiting!("r"),
        " ORDER BY r.labels_key LIMIT 1)
            UNION ALL
            SELECT (SELECT r.labels_key FROM flow_run r WHERE r.tenant_id = $1 AND ",
        waiting!("r"),
        " AND r.labels_key > label.k ORDER BY r.labels_key LIMIT 1) FROM label WHERE label.k IS NOT NULL)
         SELECT label.k, (SELECT r.state_start_time FROM flow_run r WHERE r.tenant_id = $1 AND ",
        waiting!("r"),
        " AND r.labels_key = label.k ORDER BY r.state_start_time LIMIT 1) FROM label WHERE label.k IS NOT NULL"
    );
    let rows = tx.query(SQL, vec![tx.tenant().0.into()]).await?;
    rows.iter()
        .map(|row| {
            let key: String = row.try_get_by_index(0)?;
            let labels = LabelSet::from_key(&key).ok_or_else(|| StorageError::Inconsistent {
                table: "flow_run",
                problem: format!("'{key}' is not a set of labels"),
            })?;
            Ok(DueLabels { labels, key, earliest: row.try_get_by_index(1)? })
        })
        .collect()
}

/// The runs with one of these sets of labels that are due, the longest waiting first.
pub async fn due_runs(
    tx: &TenantTx,
    label_keys: &[&str],
    before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<FlowRunId>, StorageError> {
    let mut values = vec![tx.tenant().0.into(), before.into(), Value::from(i64::from(limit))];
    let keys = list::texts(&mut values, label_keys.iter().copied());
    let sql = format!(
        concat!(
            "SELECT r.id FROM flow_run r WHERE r.tenant_id = $1 AND ",
            waiting!("r"),
            " AND r.labels_key IN ({keys}) AND r.state_start_time <= $2 ORDER BY r.state_start_time, r.id LIMIT $3"
        ),
        keys = keys
    );
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| Ok(FlowRunId(row.try_get_by_index(0)?))).collect()
}

/// Runs that are `Running` but whose process left for a long retry that is due, with their labels. `silent_since`: only
/// those whose process was not heard of since (a process waits for a short retry by itself, and lives). `None` asks as
/// the stock agent does, which looks at the times itself.
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
        " AND t.state_start_time <= $2 AND r.state = 'Running' AND r.lease_token IS NULL
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
        " ORDER BY t.state_start_time LIMIT 1"
    );
    let rows = tx.query(SQL, vec![tx.tenant().0.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

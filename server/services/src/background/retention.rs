//! Deletes what tenants do not keep any longer (docs/retention.md).
//!
//! Once an hour it looks at every tenant that has set something. It deletes at most [`ROWS_AT_ONCE`] rows in one
//! transaction and pauses between two, so that nobody waits for it; what it does not get done it does in the next pass.
//! It remembers how far it came only to save work: a pass of a new process looks at all runs that ended long enough ago
//! and finds nothing left to delete.

use crate::{ServiceError, Services};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use signalbox_core::{
    access::{Access, Admin},
    event::{EventKind, NewEvent},
    retention::{Kept, Retention},
};
use signalbox_schema::{FlowRunId, TenantId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::retention::{self, EndedRun},
};
use std::{collections::HashMap, time::Duration};
use tokio::time::sleep;
use uuid::Uuid;

/// Its name in logs.
pub(super) const NAME: &str = "retention";

/// How often it looks.
const TICK: Duration = Duration::from_hours(1);
/// Most rows that one transaction deletes.
const ROWS_AT_ONCE: u64 = 1_000;
/// Runs that one transaction looks at, most of which have nothing left to delete.
const RUNS_AT_ONCE: u32 = 100;
/// The pause between two transactions.
const PAUSE: Duration = Duration::from_millis(50);
/// How far back of the last pass the next one begins: runs may be reported late, with the time at which they ended.
const OVERLAP: TimeDelta = TimeDelta::days(1);

/// What went from one tenant in one pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Log lines, those that went with their run not counted.
    pub logs: u64,
    /// States, likewise.
    pub states: u64,
    /// Events.
    pub events: u64,
    /// Runs, each with everything that belongs to it.
    pub runs: u64,
}

impl Swept {
    fn count(&mut self, kept: Kept) -> &mut u64 {
        match kept {
            Kept::Logs => &mut self.logs,
            Kept::States => &mut self.states,
            Kept::Events => &mut self.events,
            Kept::Runs => &mut self.runs,
        }
    }
}

/// The task: a pass an hour.
pub(super) async fn run(services: Services) {
    let mut sweeper = Sweeper::default();
    loop {
        if let Err(error) = sweeper.pass(&services).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "not everything that is too old could be deleted; trying again in an hour");
        }
        sleep(TICK).await;
    }
}

/// What is remembered between passes.
#[derive(Debug, Default)]
pub struct Sweeper {
    /// Up to which end of runs nothing is left to delete.
    done: HashMap<(TenantId, Kept), DateTime<Utc>>,
}

impl Sweeper {
    /// Deletes what is too old now, of every tenant.
    ///
    /// # Errors
    /// When the database fails; the tenants before are done.
    pub async fn pass(&mut self, services: &Services) -> Result<HashMap<TenantId, Swept>, ServiceError> {
        let mut all = HashMap::new();
        for (tenant, settings) in retention::settings_of_tenants(services.store()).await? {
            let retention = Retention::of(&settings);
            if retention == Retention::default() {
                self.done.retain(|(of, _), _| *of != tenant);
                continue;
            }
            let swept = self.sweep(services, tenant, retention).await?;
            if swept != Swept::default() {
                tracing::info!(
                    tenant.id = %tenant, runs = swept.runs, logs = swept.logs, states = swept.states,
                    events = swept.events, "deleted what was kept long enough"
                );
                all.insert(tenant, swept);
            }
        }
        Ok(all)
    }

    async fn sweep(
        &mut self,
        services: &Services,
        tenant: TenantId,
        retention: Retention,
    ) -> Result<Swept, ServiceError> {
        let access = Access::<Admin>::system(tenant, NAME);
        let now = services.clock().now();
        let mut swept = Swept::default();
        for kept in Kept::ALL {
            let Some(cutoff) = retention.cutoff(kept, now) else { continue };
            let sweep = Sweep { services, access, kept, cutoff };
            *swept.count(kept) = match kept {
                Kept::Events => sweep.events().await?,
                Kept::Runs => sweep.runs(DateTime::UNIX_EPOCH).await?,
                Kept::Logs | Kept::States => {
                    let done = self.done.get(&(tenant, kept));
                    let from = done.map_or(DateTime::UNIX_EPOCH, |done| *done - OVERLAP);
                    let count = sweep.runs(from).await?;
                    self.done.insert((tenant, kept), cutoff);
                    count
                }
            };
        }
        if swept != Swept::default() {
            services.store().write(&access, &Note { swept, retention, now }).await?;
        }
        Ok(swept)
    }
}

/// One kind of what one tenant keeps.
struct Sweep<'a> {
    services: &'a Services,
    access: Access<Admin>,
    kept: Kept,
    cutoff: DateTime<Utc>,
}

impl Sweep<'_> {
    async fn events(&self) -> Result<u64, ServiceError> {
        let mut all = 0;
        loop {
            let deleted =
                self.services.store().write(&self.access, &DeleteEvents { cutoff: self.cutoff }).await?;
            all += deleted;
            if deleted < ROWS_AT_ONCE {
                return Ok(all);
            }
            sleep(PAUSE).await;
        }
    }

    /// Walks over the runs that ended since `from`, oldest first.
    async fn runs(&self, from: DateTime<Utc>) -> Result<u64, ServiceError> {
        let mut all = 0;
        let mut after = EndedRun { id: FlowRunId(Uuid::nil()), ended: from };
        loop {
            let read = self.services.store().read(&self.access);
            let page = retention::ended_runs(&read, after, self.cutoff, RUNS_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = *last;
            let mut rest = page.as_slice();
            while !rest.is_empty() {
                let delete = DeleteOfRuns { runs: rest, kept: self.kept, cutoff: self.cutoff };
                let progress = self.services.store().write(&self.access, &delete).await?;
                all += progress.counted;
                rest = &rest[progress.finished..];
                sleep(PAUSE).await;
            }
        }
    }
}

/// Deletes what there is of several runs, until it was enough for one transaction.
struct DeleteOfRuns<'a> {
    runs: &'a [EndedRun],
    kept: Kept,
    cutoff: DateTime<Utc>,
}

/// How far a transaction came.
#[derive(Default)]
struct Progress {
    /// Runs of which nothing is left to delete.
    finished: usize,
    /// Rows that went.
    rows: u64,
    /// Of what is counted: rows, or whole runs.
    counted: u64,
}

impl Transaction for DeleteOfRuns<'_> {
    const NAME: &'static str = "retention.delete_of_runs";
    type Output = Progress;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Progress, ServiceError> {
        let mut progress = Progress::default();
        for run in self.runs {
            let most = ROWS_AT_ONCE - progress.rows;
            if retention::still_ended(tx, run.id, self.cutoff).await? {
                let (rows, counted) = match self.kept {
                    Kept::Logs => {
                        let rows = retention::delete_logs(tx, run.id, most).await?;
                        (rows, rows)
                    }
                    Kept::States => {
                        let rows = retention::delete_states(tx, run.id, most).await?;
                        (rows, rows)
                    }
                    Kept::Runs => {
                        let deleted = retention::delete_run(tx, run.id, self.cutoff, most).await?;
                        (deleted.rows, u64::from(deleted.whole))
                    }
                    // They belong to no run.
                    Kept::Events => (0, 0),
                };
                progress.rows += rows;
                progress.counted += counted;
                if progress.rows >= ROWS_AT_ONCE {
                    return Ok(progress);
                }
            }
            progress.finished += 1;
        }
        Ok(progress)
    }
}

struct DeleteEvents {
    cutoff: DateTime<Utc>,
}

impl Transaction for DeleteEvents {
    const NAME: &'static str = "retention.delete_events";
    type Output = u64;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, ServiceError> {
        Ok(retention::delete_events(tx, self.cutoff, ROWS_AT_ONCE).await?)
    }
}

/// Writes into the event log what went.
struct Note {
    swept: Swept,
    retention: Retention,
    now: DateTime<Utc>,
}

impl Transaction for Note {
    const NAME: &'static str = "retention.note";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let mut swept = self.swept;
        let deleted: Map<String, Value> =
            Kept::ALL.iter().map(|kept| (kept.name().to_owned(), (*swept.count(*kept)).into())).collect();
        let payload = serde_json::json!({"deleted": deleted, "days": self.retention.to_setting()});
        tx.record(NewEvent::new(EventKind::TenantRetention, self.now).payload(payload));
        Ok(())
    }
}

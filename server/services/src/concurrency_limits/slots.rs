//! Slots, inside a transaction that gives runs states.

use chrono::{DateTime, Utc};
use signalbox_core::{
    concurrency::{Demand, Full, Ledger},
    ids::Ids,
};
use signalbox_schema::{FlowRunId, TaskRunId};
use signalbox_storage::{
    StorageError, TenantTx,
    repo::concurrency::{self, About, Taking},
};
use std::collections::HashMap;
use uuid::Uuid;

/// The limits that matter to some runs, locked, and what is taken of them. Asked while states are decided, and written
/// after the states.
#[derive(Debug)]
pub(crate) struct Slots {
    about: About,
    names: HashMap<Uuid, Vec<String>>,
    ledger: Ledger,
    taking: Vec<Taking>,
}

impl Slots {
    /// For flow runs that may begin (`Demand::Free`) or have begun (`Demand::Held`).
    pub async fn of_flow_runs(
        tx: &TenantTx,
        runs: &[(FlowRunId, Demand)],
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let asking: Vec<_> = asking(runs).collect();
        let labels =
            if asking.is_empty() { HashMap::new() } else { concurrency::labels(tx, &asking).await? };
        let names = labels.into_iter().map(|(id, names)| (id.0, names)).collect();
        let held = held(runs).map(|id| id.0).collect();
        Self::open(tx, About::Label, names, held, (ids, now)).await
    }

    /// For task runs.
    pub async fn of_task_runs(
        tx: &TenantTx,
        runs: &[(TaskRunId, Demand)],
        ids: &dyn Ids,
        now: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let asking: Vec<_> = asking(runs).collect();
        let tags = if asking.is_empty() { HashMap::new() } else { concurrency::tags(tx, &asking).await? };
        let names = tags.into_iter().map(|(id, names)| (id.0, names)).collect();
        let held = held(runs).map(|id| id.0).collect();
        Self::open(tx, About::Tag, names, held, (ids, now)).await
    }

    async fn open(
        tx: &TenantTx,
        about: About,
        names: HashMap<Uuid, Vec<String>>,
        held: Vec<Uuid>,
        (ids, now): (&dyn Ids, DateTime<Utc>),
    ) -> Result<Self, StorageError> {
        let mut slots = Self { about, names, ledger: Ledger::default(), taking: Vec::new() };
        if slots.names.is_empty() {
            return Ok(slots);
        }
        let all = slots.names.values().flatten().map(String::as_str);
        concurrency::lock(tx, about, all).await?;
        slots.ledger = concurrency::ledger(tx, about).await?;
        // Those that were begun before the limit was there count before anybody is let in.
        let late: Vec<Taking> = held
            .into_iter()
            .filter_map(|run| Some(Taking { run, limits: slots.ledger.limits(slots.names.get(&run)?) }))
            .filter(|taking| !taking.limits.is_empty())
            .collect();
        if !late.is_empty() {
            concurrency::take(tx, about, &late, ids, now).await?;
            slots.ledger = concurrency::ledger(tx, about).await?;
        }
        Ok(slots)
    }

    /// Takes the slots that a run needs, or says which limit is full.
    pub fn ask(&mut self, run: Uuid, demand: Demand) -> Result<(), Full> {
        match (demand, self.names.get(&run)) {
            (Demand::Free, Some(names)) => {
                let limits = self.ledger.take(names)?;
                if !limits.is_empty() {
                    self.taking.push(Taking { run, limits });
                }
                Ok(())
            }
            (Demand::Free | Demand::Held | Demand::None, _) => Ok(()),
        }
    }

    /// Writes the slots down. The states must be written before: a run that is not under way after them gets none.
    pub async fn write(self, tx: &TenantTx, ids: &dyn Ids, now: DateTime<Utc>) -> Result<(), StorageError> {
        concurrency::take(tx, self.about, &self.taking, ids, now).await
    }
}

fn asking<R: Copy>(runs: &[(R, Demand)]) -> impl Iterator<Item = R> {
    runs.iter().filter(|(_, demand)| *demand != Demand::None).map(|(run, _)| *run)
}

fn held<R: Copy>(runs: &[(R, Demand)]) -> impl Iterator<Item = R> {
    runs.iter().filter(|(_, demand)| *demand == Demand::Held).map(|(run, _)| *run)
}

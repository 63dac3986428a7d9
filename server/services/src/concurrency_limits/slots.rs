//! Who may begin, inside a transaction that gives runs states.

use signalbox_core::concurrency::{Full, Ledger};
use signalbox_schema::{FlowRunId, TaskRunId};
use signalbox_storage::{
    StorageError, TenantTx,
    repo::concurrency::{self, About},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The limits that matter to some runs, locked, and what is taken of them. Asked while states are decided; the slots
/// themselves are written with the states.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    names: HashMap<Uuid, Vec<String>>,
    /// Runs that have their slots already, such as one that was paused in the middle.
    seated: HashSet<Uuid>,
    ledger: Ledger,
}

impl Slots {
    /// For flow runs that may begin. Before anything else is locked.
    pub async fn of_flow_runs(tx: &TenantTx, runs: &[FlowRunId]) -> Result<Self, StorageError> {
        let labels = concurrency::labels(tx, runs).await?;
        let names = labels.into_iter().map(|(id, names)| (id.0, names)).collect();
        Self::open(tx, About::Label, names).await
    }

    /// For task runs.
    pub async fn of_task_runs(tx: &TenantTx, runs: &[TaskRunId]) -> Result<Self, StorageError> {
        let tags = concurrency::tags(tx, runs).await?;
        let names = tags.into_iter().map(|(id, names)| (id.0, names)).collect();
        Self::open(tx, About::Tag, names).await
    }

    async fn open(
        tx: &TenantTx,
        about: About,
        mut names: HashMap<Uuid, Vec<String>>,
    ) -> Result<Self, StorageError> {
        names.retain(|_, names| !names.is_empty());
        if names.is_empty() {
            return Ok(Self::default());
        }
        concurrency::lock(tx, about, names.values().flatten().map(String::as_str)).await?;
        let runs: Vec<Uuid> = names.keys().copied().collect();
        let seated = concurrency::seated(tx, about, &runs).await?;
        Ok(Self { names, seated, ledger: concurrency::ledger(tx, about).await? })
    }

    /// Takes the slots that a run needs to begin, or says which limit is full.
    pub fn ask(&mut self, run: Uuid) -> Result<(), Full> {
        match self.names.get(&run) {
            Some(names) if !self.seated.contains(&run) => {
                self.ledger.take(names)?;
                self.seated.insert(run);
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }
}

//! Lanes: many callers, one commit.
//!
//! A commit costs more than the rows in it, and so does each statement's way to the database and back. Callers of
//! one hot operation queue in its lane; whoever finds the lane free takes everybody's commands (of all tenants)
//! through one transaction and hands each its own result. Nobody waits for a timer: a lone caller goes at once.

use crate::{StorageError, Store, TenantTx};
use signalbox_core::access::{Access, Level};
use signalbox_schema::TenantId;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// Most commands in one transaction.
const LARGEST: usize = 64;

/// An operation that can be done for many callers at once.
pub trait Batch: Sized + Send + Sync + 'static {
    /// Its name in logs, `<noun>.<verb>`.
    const NAME: &'static str;
    /// One caller's command.
    type Command: Send + Sync + 'static;
    /// One caller's result.
    type Output: Send + 'static;
    /// Why one caller's command can be refused. A refused command must have written nothing.
    type Error: From<StorageError> + Send + 'static;

    /// Carries out the commands of one tenant, in order; one result for each. `Err` means that the database failed:
    /// everything is rolled back, and the commands are tried one by one.
    fn run(
        &self,
        tx: &TenantTx,
        commands: &[&Self::Command],
    ) -> impl Future<Output = Result<Results<Self>, StorageError>> + Send;
}

/// One result for each command of a batch.
pub type Results<B> = Vec<Result<<B as Batch>::Output, <B as Batch>::Error>>;

struct Waiting<B: Batch> {
    tenant: TenantId,
    command: B::Command,
    done: oneshot::Sender<Result<B::Output, B::Error>>,
}

/// A lane for one operation.
pub struct Lane<B: Batch> {
    batch: B,
    waiting: Mutex<VecDeque<Waiting<B>>>,
    leader: tokio::sync::Mutex<()>,
}

impl<B: Batch> Lane<B> {
    /// An empty lane.
    pub fn new(batch: B) -> Self {
        Self { batch, waiting: Mutex::default(), leader: tokio::sync::Mutex::default() }
    }

    /// Carries out one command in the tenant of `access`, together with those that wait beside it.
    pub async fn submit<L: Level>(
        &self,
        store: &Store,
        access: &Access<L>,
        command: B::Command,
    ) -> Result<B::Output, B::Error> {
        let (done, mut result) = oneshot::channel();
        self.queue().push_back(Waiting { tenant: access.tenant(), command, done });
        loop {
            tokio::select! {
                biased;
                result = &mut result => return result.unwrap_or_else(|_| Err(StorageError::Abandoned.into())),
                _leader = self.leader.lock() => self.carry(store).await,
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting<B>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(&self, store: &Store) {
        let mut commands: Vec<Waiting<B>> = {
            let mut queue = self.queue();
            let count = queue.len().min(LARGEST);
            queue.drain(..count).collect()
        };
        if commands.is_empty() {
            return;
        }
        // One run per tenant; a stable sort keeps each caller's order.
        commands.sort_by_key(|waiting| waiting.tenant);
        match self.attempt(store, &commands).await {
            Ok(results) => deliver(commands, results),
            Err(error) if commands.len() == 1 && !error.is_retryable() => {
                deliver(commands, vec![Err(error.into())]);
            }
            Err(error) => {
                tracing::debug!(batch = B::NAME, size = commands.len(), %error, "batch failed; commands run one by one");
                for waiting in commands {
                    let one = [waiting];
                    let result = match self.attempt(store, &one).await {
                        Ok(mut results) => results.pop().unwrap_or(Err(StorageError::Abandoned.into())),
                        Err(error) => Err(error.into()),
                    };
                    deliver(one, vec![result]);
                }
            }
        }
    }

    async fn attempt(&self, store: &Store, commands: &[Waiting<B>]) -> Result<Results<B>, StorageError> {
        let mut results = Vec::with_capacity(commands.len());
        let Some(first) = commands.first() else { return Ok(results) };
        let mut tx = TenantTx::new(first.tenant, store.begin().await?, store.observers());
        for group in commands.chunk_by(|a, b| a.tenant == b.tenant) {
            tx = tx.for_tenant(group[0].tenant);
            let commands: Vec<&B::Command> = group.iter().map(|waiting| &waiting.command).collect();
            results.extend(self.batch.run(&tx, &commands).await?);
        }
        tx.commit().await?;
        Ok(results)
    }
}

fn deliver<B: Batch>(commands: impl IntoIterator<Item = Waiting<B>>, results: Results<B>) {
    for (waiting, result) in commands.into_iter().zip(results) {
        // A caller that hung up has no use for its result.
        let _ = waiting.done.send(result);
    }
}

//! Lanes: many callers, one commit.
//!
//! A commit costs more than the rows in it, and so does each statement's way to the database and back. Callers of
//! one hot operation queue in its lane; whoever finds the lane free takes everybody's commands (of all tenants)
//! through one transaction and hands each its own result. Nobody waits for a timer: a lone caller goes at once. When
//! more wait than fit, the tenants take turns: one that sends a thousand commands delays another's by one transaction.

use super::Party;
use crate::{StorageError, Store, TenantTx, store::again};
use signalbox_core::access::{Access, Level};
use signalbox_schema::TenantId;
use std::{
    collections::{HashMap, VecDeque},
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

/// Commands that wait, in order within each tenant.
struct Queue<B: Batch> {
    commands: HashMap<TenantId, VecDeque<Waiting<B>>>,
    /// The tenants that have some, in the order in which it is their turn.
    order: VecDeque<TenantId>,
}

impl<B: Batch> Default for Queue<B> {
    fn default() -> Self {
        Self { commands: HashMap::new(), order: VecDeque::new() }
    }
}

impl<B: Batch> Queue<B> {
    fn push(&mut self, waiting: Waiting<B>) {
        let tenant = waiting.tenant;
        let commands = self.commands.entry(tenant).or_default();
        commands.push_back(waiting);
        if commands.len() == 1 {
            self.order.push_back(tenant);
        }
    }

    /// Takes out up to `most` commands, one of each tenant in turn.
    fn draw(&mut self, most: usize) -> Vec<Waiting<B>> {
        let mut drawn = Vec::new();
        while drawn.len() < most {
            let Some(tenant) = self.order.pop_front() else { break };
            let Some(commands) = self.commands.get_mut(&tenant) else { continue };
            drawn.extend(commands.pop_front());
            if commands.is_empty() {
                self.commands.remove(&tenant);
            } else {
                self.order.push_back(tenant);
            }
        }
        drawn
    }
}

/// A lane for one operation.
pub struct Lane<B: Batch> {
    batch: B,
    waiting: Mutex<Queue<B>>,
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
        self.queue().push(Waiting { tenant: access.tenant(), command, done });
        loop {
            tokio::select! {
                biased;
                result = &mut result => return result.unwrap_or_else(|_| Err(StorageError::Abandoned.into())),
                // Boxed for the reason that `Store::write` has.
                _leader = self.leader.lock() => Box::pin(self.carry(store)).await,
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue<B>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(&self, store: &Store) {
        let mut commands = self.queue().draw(LARGEST);
        if commands.is_empty() {
            return;
        }
        // One run per tenant; a stable sort keeps each caller's order.
        commands.sort_by_key(|waiting| waiting.tenant);
        match self.attempts(store, &commands).await {
            Ok(results) => deliver(commands, results),
            Err(error) if commands.len() == 1 || error.is_retryable() => {
                // Whatever kept all of them from being done would keep each, and let each wait for it.
                let others = commands.len() - 1;
                let mut results = vec![Err(error.into())];
                results.extend((0..others).map(|_| Err(StorageError::Abandoned.into())));
                deliver(commands, results);
            }
            Err(error) => {
                tracing::debug!(batch = B::NAME, size = commands.len(), %error, "batch failed; commands run one by one");
                for waiting in commands {
                    let one = [waiting];
                    let result = match self.attempts(store, &one).await {
                        Ok(mut results) => results.pop().unwrap_or(Err(StorageError::Abandoned.into())),
                        Err(error) => Err(error.into()),
                    };
                    deliver(one, vec![result]);
                }
            }
        }
    }

    async fn attempts(&self, store: &Store, commands: &[Waiting<B>]) -> Result<Results<B>, StorageError> {
        let mut attempt = 1;
        loop {
            match self.attempt(store, commands).await {
                Err(error) if error.failure().is_some_and(|failure| again(failure, attempt)) => {
                    tracing::debug!(batch = B::NAME, attempt, %error, "batch is tried again");
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self, store: &Store, commands: &[Waiting<B>]) -> Result<Results<B>, StorageError> {
        let mut results = Vec::with_capacity(commands.len());
        let Some(first) = commands.first() else { return Ok(results) };
        let _turn = store.turn(Party::Lane).await;
        let mut tx = store.begin(first.tenant).await?;
        for group in commands.chunk_by(|a, b| a.tenant == b.tenant) {
            tx = tx.for_tenant(group[0].tenant).await?;
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

#[cfg(test)]
mod tests {
    use super::{Batch, Queue, Results, Waiting};
    use crate::{StorageError, TenantTx};
    use signalbox_schema::TenantId;
    use tokio::sync::oneshot;
    use uuid::Uuid;

    struct Nothing;

    impl Batch for Nothing {
        const NAME: &'static str = "test.nothing";
        type Command = u32;
        type Output = ();
        type Error = StorageError;

        async fn run(&self, _: &TenantTx, _: &[&u32]) -> Result<Results<Self>, StorageError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn tenants_take_turns_and_keep_their_order() {
        let mut queue: Queue<Nothing> = Queue::default();
        let mut push = |tenant, command| {
            let (done, _) = oneshot::channel();
            queue.push(Waiting { tenant: TenantId(Uuid::from_u128(tenant)), command, done });
        };
        (0..200).for_each(|command| push(1, command));
        (0..3).for_each(|command| push(2, command));
        push(3, 0);
        let mut draw = |most| -> Vec<(u128, u32)> {
            queue.draw(most).iter().map(|waiting| (waiting.tenant.0.as_u128(), waiting.command)).collect()
        };
        assert_eq!(draw(4), [(1, 0), (2, 0), (3, 0), (1, 1)]);
        assert_eq!(draw(4), [(2, 1), (1, 2), (2, 2), (1, 3)]);
        let rest: Vec<_> = draw(64).into_iter().chain(draw(1_000)).collect();
        assert_eq!(rest, (4..200).map(|command| (1, command)).collect::<Vec<_>>());
        assert!(queue.order.is_empty() && queue.commands.is_empty());
    }
}

//! The runs the agent holds and what has been ordered about each. Everything waits on this one table.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use signalbox_client::operations::Held;
use signalbox_schema::FlowRunId;
use tokio::sync::watch;

/// What is to be done with a run's work, in rising order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Let it go on.
    Work,
    /// Stop it softly and report `Cancelled`.
    Cancel,
    /// It is not ours any more: let it go and report nothing.
    Abandon,
    /// The agent stops: end it now, and report `Failed` if it is ours.
    Halt,
}

/// How many runs the server is told can be taken when there is no limit; what one answer carries at most.
const NO_LIMIT: u32 = 25;

/// Which runs are held, and room for how many more.
#[derive(Debug)]
pub(crate) struct Slots {
    limit: Option<u32>,
    table: Mutex<HashMap<FlowRunId, Slot>>,
    count: watch::Sender<usize>,
}

#[derive(Debug)]
struct Slot {
    held: Held,
    orders: watch::Sender<Order>,
    alive: watch::Receiver<()>,
}

/// A run's place in the table.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What is ordered about it; changes only upwards.
    pub(crate) orders: watch::Receiver<Order>,
    /// Set when an earlier claim of the same run was still held: its work must end before this one's begins, which is
    /// when the channel closes.
    pub(crate) predecessor: Option<watch::Receiver<()>>,
    /// Kept until this claim's work has ended.
    pub(crate) alive: watch::Sender<()>,
}

impl Slots {
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self { limit, table: Mutex::default(), count: watch::Sender::new(0) }
    }

    /// Takes a place for a claimed run. An earlier claim of the same run has lost its lease and is abandoned.
    pub(crate) fn take(&self, held: Held) -> Taken {
        let (tell, orders) = watch::channel(Order::Work);
        let (alive, watched) = watch::channel(());
        let slot = Slot { held, orders: tell, alive: watched };
        let mut table = self.lock();
        let predecessor = table.insert(held.flow_run_id, slot).map(|earlier| {
            raise(&earlier.orders, Order::Abandon);
            earlier.alive.clone()
        });
        self.count.send_replace(table.len());
        Taken { orders, predecessor, alive }
    }

    /// Gives the place back. A place that a later claim of the same run has taken is left alone.
    pub(crate) fn free(&self, held: Held) {
        let mut table = self.lock();
        if table.get(&held.flow_run_id).is_some_and(|slot| slot.held == held) {
            table.remove(&held.flow_run_id);
        }
        self.count.send_replace(table.len());
    }

    /// Passes an order on; answers whether it was news. Orders are only ever raised.
    pub(crate) fn order(&self, flow_run_id: FlowRunId, order: Order) -> bool {
        self.lock().get(&flow_run_id).is_some_and(|slot| raise(&slot.orders, order))
    }

    /// Passes an order on to every run.
    pub(crate) fn order_all(&self, order: Order) {
        for slot in self.lock().values() {
            raise(&slot.orders, order);
        }
    }

    /// The leases to renew: not those of runs that are not ours any more, about which everything has been said.
    pub(crate) fn held(&self) -> Vec<Held> {
        let ours = |slot: &&Slot| *slot.orders.borrow() != Order::Abandon;
        self.lock().values().filter(ours).map(|slot| slot.held).collect()
    }

    /// How many more runs can be taken.
    pub(crate) fn free_count(&self) -> u32 {
        match self.limit {
            None => NO_LIMIT,
            Some(limit) => limit.saturating_sub(u32::try_from(self.lock().len()).unwrap_or(u32::MAX)),
        }
    }

    /// Follows the number of held runs.
    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<FlowRunId, Slot>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn raise(orders: &watch::Sender<Order>, order: Order) -> bool {
    orders.send_if_modified(|current| {
        let raised = order > *current;
        *current = order.max(*current);
        raised
    })
}

//! Turns: who writes next, when more want to than the database has connections for it.
//!
//! A pool of connections serves those who wait in the order in which they came. Then a tenant with a thousand requests
//! makes every other tenant wait for a thousand transactions. Here the tenants take turns: whoever waits, waits for at
//! most one transaction of every other tenant, however many of them are queued. Every second turn is a lane's, if one
//! waits: lanes are few, and carry commands of many.

use signalbox_schema::TenantId;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Who takes turns with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// A tenant.
    Tenant(TenantId),
    /// A lane, which carries commands of many tenants and takes turns among them itself.
    Lane,
}

/// The queue of those who want to write.
pub(crate) struct Turns(Mutex<Inner>);

struct Inner {
    /// How many more may write at once. More than none only when nobody waits.
    free: usize,
    /// Lanes that wait.
    lanes: VecDeque<oneshot::Sender<Turn>>,
    /// Whether the last turn was a lane's.
    lane_had_it: bool,
    waiting: HashMap<TenantId, VecDeque<oneshot::Sender<Turn>>>,
    /// The tenants that wait, in the order in which it is their turn.
    order: VecDeque<TenantId>,
}

/// The right to write; ends when it is dropped, and passes to the next.
pub(crate) struct Turn(Option<Arc<Turns>>);

impl Turns {
    /// For a database on which so many write at once.
    pub fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner {
            free: at_once.max(1),
            lanes: VecDeque::new(),
            lane_had_it: false,
            waiting: HashMap::new(),
            order: VecDeque::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when it is this party's turn.
    pub async fn take(self: &Arc<Self>, party: Party) -> Turn {
        let turn = {
            let mut inner = self.inner();
            if inner.free > 0 {
                inner.free -= 1;
                return Turn(Some(Arc::clone(self)));
            }
            let (mine, turn) = oneshot::channel();
            match party {
                Party::Lane => inner.lanes.push_back(mine),
                Party::Tenant(tenant) => {
                    let queue = inner.waiting.entry(tenant).or_default();
                    queue.push_back(mine);
                    if queue.len() == 1 {
                        inner.order.push_back(tenant);
                    }
                }
            }
            turn
        };
        // The senders live in this queue, which outlives the wait: nobody drops one without sending.
        turn.await.unwrap_or(Turn(None))
    }

    /// Gives a turn that has ended to the next in line.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = {
                let mut inner = self.inner();
                let next = inner.next();
                if next.is_none() {
                    inner.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Turn(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // Who waited has gone: the turn is the next one's, and must not be passed on twice.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

impl Inner {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let lane_first = !self.lane_had_it || self.order.is_empty();
        if lane_first && let Some(lane) = self.lanes.pop_front() {
            self.lane_had_it = true;
            return Some(lane);
        }
        self.lane_had_it = false;
        let tenant = self.order.pop_front()?;
        let queue = self.waiting.get_mut(&tenant)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.order.push_back(tenant);
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("tenants", &self.inner().order.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, pin::Pin, task::Poll};
    use uuid::Uuid;

    fn party(number: u128) -> Party {
        Party::Tenant(TenantId(Uuid::from_u128(number)))
    }

    #[tokio::test]
    async fn a_flood_lets_others_in_after_one() {
        let turns = Turns::new(1);
        let first = turns.take(party(1)).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in [1, 1, 1, 1, 2, 3, 2] {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = turns.take(party(number)).await;
                order.lock().unwrap().push(number);
            }));
            // So that they queue in this order.
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 2, 1, 1]);
        assert_eq!(turns.inner().free, 1);
        assert!(turns.inner().order.is_empty() && turns.inner().waiting.is_empty());
    }

    #[tokio::test]
    async fn every_second_turn_is_a_lanes() {
        let turns = Turns::new(1);
        let first = turns.take(party(1)).await;
        let order = Arc::new(Mutex::new(String::new()));
        let mut tasks = Vec::new();
        for (party, name) in
            [(party(1), 'a'), (party(1), 'b'), (party(2), 'c'), (Party::Lane, 'L'), (Party::Lane, 'M')]
        {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = turns.take(party).await;
                order.lock().unwrap().push(name);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), "LaMcb");
    }

    #[tokio::test]
    async fn who_goes_away_keeps_no_turn() {
        let turns = Turns::new(2);
        let (one, two) = (turns.take(party(1)).await, turns.take(party(1)).await);
        let mut gone = Box::pin(turns.take(party(2)));
        let mut got_it = Box::pin(turns.take(party(3)));
        let mut stays = Box::pin(turns.take(party(4)));
        for waiting in [&mut gone, &mut got_it, &mut stays] {
            assert!(now(waiting).await.is_none());
        }
        drop(gone);
        drop(one);
        // Its turn has come, but it never learns of it.
        drop(got_it);
        let turn = now(&mut stays).await.unwrap();
        drop((turn, two, stays));
        assert_eq!(turns.inner().free, 2);
    }

    /// What the future yields now, if anything.
    async fn now<F: Future>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }
}

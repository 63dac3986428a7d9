//! What the listeners of one question share.

use super::{LiveQuery, reader};
use crate::{ServiceError, Services};
use signalbox_bus::Subscription;
use signalbox_core::query::{Plan, ReadScope};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Semaphore, watch};

/// Reads of live queries at once: a change that wakes hundreds of them must not keep requests from the database.
const READERS: usize = 2;

/// What a reader found.
pub(super) type Answer = Result<Arc<str>, ServiceError>;

/// A question and who asks it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub scope: ReadScope,
    pub question: String,
}

/// The questions that somebody listens to.
#[derive(Debug)]
pub(crate) struct LiveQueries {
    open: Mutex<HashMap<Key, Arc<Shared>>>,
    pub(super) places: Semaphore,
}

impl Default for LiveQueries {
    fn default() -> Self {
        Self { open: Mutex::default(), places: Semaphore::new(READERS) }
    }
}

impl LiveQueries {
    fn open(&self) -> MutexGuard<'_, HashMap<Key, Arc<Shared>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the listeners of a question; the first starts its reader.
    pub(super) fn listen(&self, services: &Services, key: Key, plan: Plan) -> LiveQuery {
        // Held while joining, so that the reader does not end in between.
        let mut open = self.open();
        let shared = match open.entry(key) {
            Entry::Occupied(entry) => Arc::clone(entry.get()),
            Entry::Vacant(entry) => {
                let key = entry.key().clone();
                let shared = Arc::clone(entry.insert(Arc::default()));
                tokio::spawn(reader::run(services.clone(), key, Arc::clone(&shared), plan));
                shared
            }
        };
        LiveQuery {
            answers: shared.answers.subscribe(),
            reads: shared.reads.subscribe(),
            joined_at: Some(shared.next_fresh_read()),
        }
    }

    /// Forgets a question if nobody listens to it; whether it is forgotten.
    pub(super) fn forget_unheard(&self, key: &Key, shared: &Shared) -> bool {
        let mut open = self.open();
        let unheard = shared.answers.is_closed();
        if unheard {
            open.remove(key);
        }
        unheard
    }

    /// Forgets a question: whoever asks it again starts anew.
    pub(super) fn forget(&self, key: &Key) {
        self.open().remove(key);
    }
}

/// One question's answer.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The last answer; changes only when the answer does.
    pub answers: watch::Sender<Option<Answer>>,
    /// The number of the last finished read.
    pub reads: watch::Sender<u64>,
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// The number of the last read that began.
    begun: u64,
    /// The reader's ears as they were when it began.
    heard: Vec<Subscription>,
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a read begins now; its number.
    pub fn begin(&self, hints: &mut [Subscription]) -> u64 {
        for hint in &mut *hints {
            hint.forget();
        }
        let mut turn = self.turn();
        turn.begun += 1;
        turn.heard = hints.to_vec();
        turn.begun
    }

    /// The number of the first read that sees everything that has happened until now.
    fn next_fresh_read(&self) -> u64 {
        let turn = self.turn();
        let outdated = turn.begun == 0 || turn.heard.iter().any(Subscription::is_pending);
        turn.begun + u64::from(outdated)
    }
}

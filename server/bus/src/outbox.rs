//! Hints that wait to be carried to the other replicas. Adding never waits; however often a topic is hinted, it is
//! carried once; when too many wait, they become one hint that says "anything".

use crate::Topic;
use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Most topics that are remembered while they cannot be sent: some hundred kilobytes.
const MOST: usize = 4096;

/// Topics to be hinted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// These.
    pub topics: HashSet<Topic>,
    /// All there are: which ones is no longer known.
    pub everything: bool,
}

/// What waits to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Parcel>,
    filled: Notify,
}

impl Outbox {
    /// Adds a topic.
    pub fn put(&self, topic: Topic) {
        self.waiting().add(topic);
        self.filled.notify_one();
    }

    /// Returns when something waits.
    pub async fn filled(&self) {
        while self.waiting().is_empty() {
            self.filled.notified().await;
        }
    }

    /// Takes out all that waits. It comes back when the result is dropped before it was [sent](Taken::sent).
    pub fn take(&self) -> Taken<'_> {
        Taken { outbox: self, parcel: std::mem::take(&mut *self.waiting()) }
    }

    fn waiting(&self) -> MutexGuard<'_, Parcel> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parcel {
    fn is_empty(&self) -> bool {
        self.topics.is_empty() && !self.everything
    }

    fn add(&mut self, topic: Topic) {
        if self.everything {
            return;
        }
        self.topics.insert(topic);
        if self.topics.len() > MOST {
            *self = Self { everything: true, ..Self::default() };
        }
    }
}

/// A parcel on its way.
pub(crate) struct Taken<'a> {
    outbox: &'a Outbox,
    /// What to send.
    pub parcel: Parcel,
}

impl Taken<'_> {
    /// It was sent.
    pub fn sent(mut self) {
        self.parcel = Parcel::default();
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let Parcel { topics, everything } = std::mem::take(&mut self.parcel);
        let mut waiting = self.outbox.waiting();
        if everything {
            *waiting = Parcel { topics: HashSet::new(), everything };
        }
        for topic in topics {
            waiting.add(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_schema::TenantId;
    use uuid::Uuid;

    fn topic(number: usize) -> Topic {
        Topic::Work(TenantId(Uuid::from_u128(number as u128)))
    }

    #[tokio::test]
    async fn a_topic_is_taken_once_and_comes_back_when_it_was_not_sent() {
        let outbox = Outbox::default();
        for _ in 0..3 {
            outbox.put(topic(1));
        }
        outbox.filled().await;
        let taken = outbox.take();
        assert_eq!(taken.parcel.topics, HashSet::from([topic(1)]));
        outbox.put(topic(2));
        drop(taken);
        let taken = outbox.take();
        assert_eq!(taken.parcel.topics.len(), 2);
        taken.sent();
        assert!(outbox.take().parcel.is_empty());
    }

    #[test]
    fn too_many_topics_become_one_hint() {
        let outbox = Outbox::default();
        for number in 0..MOST {
            outbox.put(topic(number));
        }
        let waiting = outbox.waiting().clone();
        assert_eq!((waiting.topics.len(), waiting.everything), (MOST, false));
        outbox.put(topic(MOST));
        let everything = Parcel { everything: true, ..Parcel::default() };
        assert_eq!(*outbox.waiting(), everything);
        let taken = outbox.take();
        outbox.put(topic(1));
        drop(taken);
        assert_eq!(*outbox.waiting(), everything);
    }
}

//! Hints within one process.

use crate::{Bus, Subscription, Topic};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// The bus of a single server.
#[derive(Debug, Default)]
pub struct MemoryBus(Mutex<HashMap<Topic, watch::Sender<()>>>);

impl MemoryBus {
    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for MemoryBus {
    fn hint(&self, topic: Topic) {
        let mut topics = self.topics();
        if topics.get(&topic).is_some_and(|sender| sender.send(()).is_err()) {
            // Its last listener is gone.
            topics.remove(&topic);
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let mut topics = self.topics();
        let sender = topics.entry(topic).or_insert_with(|| watch::channel(()).0);
        Subscription(sender.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_schema::TenantId;
    use uuid::Uuid;

    #[tokio::test]
    async fn hints_coalesce_and_reach_only_their_topic() {
        let bus = MemoryBus::default();
        let topic = |n| Topic::Work(TenantId(Uuid::from_u128(n)));
        let (mut one, mut other) = (bus.subscribe(topic(1)), bus.subscribe(topic(2)));
        bus.hint(topic(1));
        bus.hint(topic(1));
        one.changed().await;
        tokio::select! {
            biased;
            () = one.changed() => panic!("two hints must wake once"),
            () = other.changed() => panic!("a hint reached another topic"),
            () = std::future::ready(()) => {}
        }
    }

    #[test]
    fn topics_without_listeners_are_forgotten() {
        let bus = MemoryBus::default();
        let topic = Topic::Work(TenantId(Uuid::from_u128(1)));
        drop(bus.subscribe(topic));
        bus.hint(topic);
        assert!(bus.topics().is_empty());
    }
}

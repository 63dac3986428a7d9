//! Hints within one process.

use crate::{Bus, Link, Subscription, Topic};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// So many topics may have lost their listeners before they are looked for.
const FEW: usize = 64;

/// The bus of a single server.
#[derive(Debug, Default)]
pub struct MemoryBus(Mutex<Topics>);

#[derive(Debug, Default)]
struct Topics {
    listened: HashMap<Topic, watch::Sender<()>>,
    /// The number of topics at which those without listeners are forgotten next.
    sweep_at: usize,
}

impl MemoryBus {
    /// Wakes everybody who waits for anything: hints may have been missed.
    pub fn wake_all(&self) {
        let mut topics = self.topics();
        // Sending fails where the last listener is gone.
        topics.listened.retain(|_, sender| sender.send(()).is_ok());
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for MemoryBus {
    fn hint(&self, topic: Topic) {
        let mut topics = self.topics();
        if topics.listened.get(&topic).is_some_and(|sender| sender.send(()).is_err()) {
            // Its last listener is gone.
            topics.listened.remove(&topic);
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let mut topics = self.topics();
        if topics.listened.len() >= topics.sweep_at.max(FEW) {
            // Topics that are listened to once and never hinted again (finished runs) would pile up. Doubling keeps
            // the sweep's cost in proportion to the subscriptions made.
            topics.listened.retain(|_, sender| sender.receiver_count() > 0);
            topics.sweep_at = topics.listened.len() * 2;
        }
        let sender = topics.listened.entry(topic).or_insert_with(|| watch::channel(()).0);
        Subscription(sender.subscribe())
    }

    fn link(&self) -> Link {
        Link::Local
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_schema::TenantId;
    use std::future::ready;
    use uuid::Uuid;

    fn topic(number: u128) -> Topic {
        Topic::Work(TenantId(Uuid::from_u128(number)))
    }

    #[tokio::test]
    async fn hints_coalesce_and_reach_only_their_topic() {
        let bus = MemoryBus::default();
        let (mut one, mut other) = (bus.subscribe(topic(1)), bus.subscribe(topic(2)));
        bus.hint(topic(1));
        bus.hint(topic(1));
        one.changed().await;
        tokio::select! {
            biased;
            () = one.changed() => panic!("two hints must wake once"),
            () = other.changed() => panic!("a hint reached another topic"),
            () = ready(()) => {}
        }
    }

    #[tokio::test]
    async fn everybody_is_woken_once() {
        let bus = MemoryBus::default();
        let (mut one, mut other) = (bus.subscribe(topic(1)), bus.subscribe(Topic::Schedules));
        drop(bus.subscribe(topic(2)));
        bus.wake_all();
        one.changed().await;
        other.changed().await;
        assert_eq!(bus.topics().listened.len(), 2, "what nobody listens to is forgotten");
        assert!(!one.was_hinted(), "once");
        bus.hint(topic(1));
        assert!(one.was_hinted() && !one.was_hinted());
    }

    #[test]
    fn topics_without_listeners_are_forgotten() {
        let bus = MemoryBus::default();
        drop(bus.subscribe(topic(1)));
        bus.hint(topic(1));
        assert!(bus.topics().listened.is_empty());
        let kept = bus.subscribe(topic(0));
        for number in 1..10_000 {
            drop(bus.subscribe(topic(number)));
        }
        assert!(bus.topics().listened.len() <= FEW, "{}", bus.topics().listened.len());
        assert!(bus.topics().listened.contains_key(&topic(0)));
        drop(kept);
    }
}

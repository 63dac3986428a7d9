//! From a key to the actor behind it.

use super::hash;
use crate::{ServiceError, Services};
use moka::sync::Cache;
use signalbox_bus::{Bus, Subscription, Topic};
use signalbox_core::access::Actor;
use signalbox_schema::ErrorCode;
use signalbox_storage::repo::api_key;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long an authenticated key is believed without looking at its row. A key that is revoked here stops working at
/// once, and one that is revoked on another replica when the hint arrives; when hints do not arrive, after this long.
const BELIEVED: Duration = Duration::from_secs(5);
/// How often `last_used` of a key in use is written, in seconds.
const NOTED_EVERY: i64 = 60;

/// Keys seen a moment ago, by hash and generation. Each revocation begins a new generation, in which nothing is
/// believed that was read in an earlier one, whenever that reading ended.
pub(crate) struct KeyCache {
    actors: Cache<(u64, [u8; 32]), Actor>,
    generation: Mutex<Generation>,
}

struct Generation {
    number: u64,
    revoked: Subscription,
}

impl KeyCache {
    pub(crate) fn new(bus: &dyn Bus) -> Self {
        Self {
            actors: Cache::builder().max_capacity(10_000).time_to_live(BELIEVED).build(),
            generation: Mutex::new(Generation { number: 0, revoked: bus.subscribe(Topic::Keys) }),
        }
    }

    fn generation(&self) -> u64 {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        if generation.revoked.was_hinted() {
            generation.number += 1;
        }
        generation.number
    }
}

/// The actor behind a key.
///
/// # Errors
/// `UNAUTHENTICATED` for a key that is unknown, revoked or expired; which of them is not said.
pub async fn authenticate(services: &Services, key: &str) -> Result<Actor, ServiceError> {
    let refused = || {
        ServiceError::new(
            ErrorCode::Unauthenticated,
            "UNAUTHENTICATED: the API key is unknown, revoked or expired",
        )
    };
    let now = services.clock().now();
    let keys = services.keys();
    let hash = hash(key);
    let known_as = (keys.generation(), hash);
    let actor = if let Some(actor) = keys.actors.get(&known_as) {
        actor
    } else {
        let found = api_key::find(services.store(), &hash).await?.ok_or_else(refused)?;
        if found.last_used.is_none_or(|used| (now - used).num_seconds() >= NOTED_EVERY) {
            api_key::note_use(services.store(), &found, now).await?;
        }
        let actor = found.actor();
        keys.actors.insert(known_as, actor.clone());
        actor
    };
    match &actor {
        Actor::Key { expires_at: Some(end), .. } if *end <= now => Err(refused()),
        _ => Ok(actor),
    }
}

/// Whether any key exists that can make others: without one, a server that asks for keys cannot be used.
pub async fn has_admin_key(services: &Services) -> Result<bool, ServiceError> {
    Ok(api_key::any_admin(services.store(), services.clock().now()).await?)
}

//! From a key to the actor behind it.

use super::hash;
use crate::{ServiceError, Services};
use moka::sync::Cache;
use signalbox_core::access::Actor;
use signalbox_schema::ErrorCode;
use signalbox_storage::repo::api_key;
use std::time::Duration;

/// How long an authenticated key is believed without looking at its row: a revoked key may work this much longer.
const BELIEVED: Duration = Duration::from_secs(5);
/// How often `last_used` of a key in use is written, in seconds.
const NOTED_EVERY: i64 = 60;

/// Keys seen a moment ago, by hash.
pub(crate) struct KeyCache(Cache<[u8; 32], Actor>);

impl Default for KeyCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(BELIEVED).build())
    }
}

impl KeyCache {
    pub(crate) fn forget_all(&self) {
        self.0.invalidate_all();
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
    let hash = hash(key);
    let actor = if let Some(actor) = services.keys().0.get(&hash) {
        actor
    } else {
        let found = api_key::find(services.store(), &hash).await?.ok_or_else(refused)?;
        if found.last_used.is_none_or(|used| (now - used).num_seconds() >= NOTED_EVERY) {
            api_key::note_use(services.store(), &found, now).await?;
        }
        let actor = found.actor();
        services.keys().0.insert(hash, actor.clone());
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

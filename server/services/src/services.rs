//! What every use case works with.

use crate::{
    ServiceError,
    agents::PollCache,
    api_keys::KeyCache,
    changes::Announcer,
    flow_runs::{Boards, CreateBatch},
    lanes::Lanes,
    live::LiveQueries,
    tenants,
};
use signalbox_bus::{Bus, Topic};
use signalbox_core::{access::Actor, clock::Clock, ids::Ids, lease::Intervals};
use signalbox_schema::TenantId;
use signalbox_storage::Store;
use std::{fmt, sync::Arc};

/// The parts that services are put together from: chosen by the server, or by a test.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Hints to those who wait.
    pub bus: Arc<dyn Bus>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
}

/// The use cases' surroundings. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    parts: Parts,
    intervals: Intervals,
    lanes: Lanes,
    keys: KeyCache,
    polls: PollCache,
    boards: Boards,
    live: LiveQueries,
    default_tenant: TenantId,
}

impl Services {
    /// Puts the services together; makes the default tenant when the database has none.
    pub async fn start(parts: Parts) -> Result<Self, ServiceError> {
        Self::start_with(parts, Intervals::default()).await
    }

    /// The same with other intervals than the usual ones.
    pub async fn start_with(parts: Parts, intervals: Intervals) -> Result<Self, ServiceError> {
        let default_tenant = tenants::ensure_default(&parts).await?;
        parts.store.observe(Arc::new(Announcer(Arc::clone(&parts.bus))));
        let lanes = Lanes::new(&parts.clock, &parts.ids);
        let (keys, polls) = (KeyCache::new(&*parts.bus), PollCache::default());
        let (boards, live) = (Boards::default(), LiveQueries::default());
        Ok(Self(Arc::new(Inner { parts, intervals, lanes, keys, polls, boards, live, default_tenant })))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    /// Where ids come from.
    pub fn ids(&self) -> &dyn Ids {
        &*self.0.parts.ids
    }

    /// How long rights last and silence is borne.
    pub fn intervals(&self) -> &Intervals {
        &self.0.intervals
    }

    /// Wakes those who wait for a topic.
    pub fn hint(&self, topic: Topic) {
        self.0.parts.bus.hint(topic);
    }

    /// Begins to listen for a topic.
    pub fn subscribe(&self, topic: Topic) -> signalbox_bus::Subscription {
        self.0.parts.bus.subscribe(topic)
    }

    /// Whether hints reach other replicas now.
    pub fn link(&self) -> signalbox_bus::Link {
        self.0.parts.bus.link()
    }

    /// The tenant that answers on an open server when a request names none.
    pub fn default_tenant(&self) -> TenantId {
        self.0.default_tenant
    }

    /// The actor behind requests without a key, on an open server.
    pub fn local_actor(&self) -> Actor {
        Actor::Local { default_tenant: self.0.default_tenant }
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.0.lanes
    }

    /// Makes flow runs inside a transaction that does more than that; others go through the lane.
    pub(crate) fn create_batch(&self) -> CreateBatch {
        CreateBatch { ids: Arc::clone(&self.0.parts.ids), clock: Arc::clone(&self.0.parts.clock) }
    }

    pub(crate) fn live(&self) -> &LiveQueries {
        &self.0.live
    }

    pub(crate) fn polls(&self) -> &PollCache {
        &self.0.polls
    }

    pub(crate) fn boards(&self) -> &Boards {
        &self.0.boards
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.0.keys
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("default_tenant", &self.0.default_tenant).finish_non_exhaustive()
    }
}

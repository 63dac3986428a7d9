//! Replicas of one installation: real servers over one PostgreSQL database, something that carries hints, and a plain
//! balancer in front of them.

use std::net::SocketAddr;
use std::sync::Arc;

use signalbox_backing::Backing;

use crate::{Balancer, Client, RedisServer, TestServer};

/// Two servers and what they share.
#[derive(Debug)]
pub struct Replicas {
    /// The servers, in the order of their start.
    pub servers: Vec<TestServer>,
    /// What stands in front of them.
    pub balancer: Balancer,
    /// What carries their hints; PostgreSQL does without.
    pub redis: Option<RedisServer>,
}

impl Replicas {
    /// Two replicas that hint by Redis.
    ///
    /// # Panics
    /// When something of it does not start.
    pub async fn by_redis() -> Self {
        Self::start(Some(RedisServer::start())).await
    }

    /// Two replicas that hint by PostgreSQL's LISTEN and NOTIFY.
    ///
    /// # Panics
    /// When something of it does not start.
    pub async fn by_notify() -> Self {
        Self::start(None).await
    }

    async fn start(redis: Option<RedisServer>) -> Self {
        let backing = Arc::new(Backing::postgres());
        let url = redis.as_ref().map(RedisServer::url).unwrap_or_default();
        // An empty variable is an unset one.
        let variables = [("SIGNALBOX_REDIS_URL", url.as_str())];
        let servers: Vec<TestServer> =
            (0..2).map(|_| TestServer::start_on(Arc::clone(&backing), &variables)).collect();
        let addresses: Vec<SocketAddr> = servers.iter().map(TestServer::address).collect();
        Self { balancer: Balancer::start(&addresses).await, servers, redis }
    }

    /// A client of whichever replica the balancer chooses, for each request anew.
    pub fn client(&self) -> Client {
        Client::new(self.balancer.address(), None)
    }
}

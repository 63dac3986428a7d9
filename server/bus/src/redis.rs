//! Hints by way of Redis (6 or later), for replicas that share one.
//!
//! The connection is made anew by the relay rather than by the library's connection manager: the relay must know of
//! every interruption, because everybody who waits is woken after it.

use crate::{
    message::CHANNEL,
    relay::{Carrier, CarrierError, Listener, PATIENCE, Speaker},
};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, Msg, ProtocolVersion, PushInfo,
    PushKind, aio::MultiplexedConnection,
};
use std::{fmt, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The address of a Redis server, with the credentials in it. Shown without them.
#[derive(Clone)]
pub struct RedisAddress(Client);

impl RedisAddress {
    /// Reads `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. The error says what would be
    /// right and holds nothing of the URL.
    ///
    /// # Errors
    /// For everything else.
    pub fn parse(url: &str) -> Result<Self, String> {
        const WANTED: &str = "write redis://host:6379, or rediss://host:6379 for TLS";
        match url.split_once("://") {
            Some(("redis" | "rediss", rest)) if !rest.is_empty() && !rest.starts_with('/') => {}
            Some(("redis" | "rediss", _)) => return Err(format!("the host is missing; {WANTED}")),
            Some(_) => return Err(format!("the scheme is not known; {WANTED}")),
            None => return Err(WANTED.to_owned()),
        }
        let info = url.into_connection_info().map_err(|_| format!("it is not a URL of Redis; {WANTED}"))?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err("a connection that checks no certificate is not made; leave out #insecure".to_owned());
        }
        // Only this version of the protocol brings messages over the connection that also sends.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings));
        client.map(Self).map_err(|_| format!("it is not a URL of Redis; {WANTED}"))
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.0.get_connection_info();
        let scheme = if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) { "rediss" } else { "redis" };
        write!(f, "{scheme}://{}/{}", info.addr(), info.redis_settings().db())
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Carries hints by Redis's publish and subscribe.
#[derive(Debug)]
pub struct Redis(RedisAddress);

impl Redis {
    /// By the server at this address.
    pub const fn new(address: RedisAddress) -> Self {
        Self(address)
    }
}

impl Carrier for Redis {
    const NAME: &'static str = "Redis";
    const LONGEST: usize = 64 << 10;
    const PAUSE: Duration = Duration::from_millis(3);

    type Speaker = MultiplexedConnection;
    type Listener = UnboundedReceiver<PushInfo>;

    async fn connect(&self) -> Result<(Self::Speaker, Self::Listener), CarrierError> {
        let (pushed, listener) = unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(pushed);
        let mut connection = self.0.0.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(CHANNEL).await?;
        Ok((connection, listener))
    }
}

impl Speaker for MultiplexedConnection {
    async fn say(&mut self, message: String) -> Result<(), CarrierError> {
        Ok(redis::cmd("PUBLISH").arg(CHANNEL).arg(message).exec_async(self).await?)
    }
}

impl Listener for UnboundedReceiver<PushInfo> {
    async fn hear(&mut self) -> Result<String, CarrierError> {
        loop {
            let pushed = self.recv().await.ok_or(CarrierError::Closed)?;
            if pushed.kind == PushKind::Disconnection {
                return Err(CarrierError::Closed);
            }
            if let Some(message) = Msg::from_push_info(pushed) {
                return Ok(String::from_utf8_lossy(message.get_payload_bytes()).into_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, shown) in [
            ("redis://localhost", "redis://localhost:6379/0"),
            ("redis://me:hunter2@[::1]:7000/3", "redis://::1:7000/3"),
            ("rediss://:hunter2@cache.example.com", "rediss://cache.example.com:6379/0"),
            ("redis://localhost/?protocol=resp2", "redis://localhost:6379/0"),
        ] {
            let address = RedisAddress::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("hunter2"));
            let settings = address.0.get_connection_info().redis_settings();
            assert!(matches!(settings.protocol(), ProtocolVersion::RESP3), "{url}");
        }
        for (url, part) in [
            ("localhost:6379", "write redis://"),
            ("http://hunter2@localhost", "scheme is not known"),
            ("redis://", "host is missing"),
            ("redis:///3", "host is missing"),
            ("redis://u:hunter2@host:port", "not a URL"),
            ("redis://u:hunter2@host/database", "not a URL"),
            ("rediss://u:hunter2@host/#insecure", "checks no certificate"),
        ] {
            let message = RedisAddress::parse(url).unwrap_err();
            assert!(message.contains(part) && !message.contains("hunter2"), "{url}: {message}");
        }
    }
}

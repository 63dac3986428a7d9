//! A running server, and its end: readiness off → stop accepting → drain → stop background work → close.

use crate::{Config, listen::Listener};
use signalbox_api::{graphql::ApiSchema, router::Api};
use signalbox_services::{Services, background::BackgroundTasks};
use std::{fmt, net::SocketAddr};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep, timeout_at},
};

/// A server that accepts requests. Dropping it leaves it running; end it with [`Running::shutdown`].
pub struct Running {
    config: Config,
    listener: Listener,
    api: Api<ApiSchema, Services>,
    services: Services,
    background: BackgroundTasks,
}

impl Running {
    pub(crate) fn new(
        config: Config,
        listener: Listener,
        api: Api<ApiSchema, Services>,
        services: Services,
        background: BackgroundTasks,
    ) -> Self {
        Self { config, listener, api, services, background }
    }

    /// Where it listens; the port is the real one if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The address as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The use cases, for a program that runs more than a server in one process.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Runs until the process is asked to end (SIGTERM or Ctrl-C), then shuts down. A second request ends
    /// the process at once.
    ///
    /// # Errors
    /// When the system does not let us listen for signals.
    pub async fn wait(self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::select! {
            () = self.shutdown() => {}
            _ = terminate.recv() => tracing::warn!("asked twice to end: not waiting for requests in flight"),
            _ = interrupt.recv() => tracing::warn!("asked twice to end: not waiting for requests in flight"),
        }
        Ok(())
    }

    /// Ends the server: no request in flight is lost within `drain_seconds`.
    pub async fn shutdown(self) {
        let Self { config, listener, api, services, background } = self;
        tracing::info!("shutting down");
        api.announce_drain();
        // Load balancers need a moment to see it.
        sleep(config.shutdown_delay).await;
        api.drain();
        let deadline = Instant::now() + config.drain_timeout;
        let in_time = listener.drain(config.drain_timeout).await;
        // Clients that hung up do not count as connections, but their changes are still being made.
        let idle = timeout_at(deadline, api.idle()).await.is_ok();
        if !(in_time && idle) {
            tracing::warn!("requests were still in flight when the time to drain was over");
        }
        background.stop().await;
        let store = services.store().clone();
        drop((api, services));
        if let Err(error) = store.close().await {
            tracing::warn!(%error, "the database did not close properly; it recovers by itself");
        }
        tracing::info!("ended");
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address()).finish_non_exhaustive()
    }
}

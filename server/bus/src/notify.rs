//! Hints by way of PostgreSQL's LISTEN and NOTIFY, for replicas that share a database and no Redis.
//!
//! A commit that notifies takes a lock on the whole database, so nothing is notified inside the transactions of the
//! product: a connection of its own does it, at most once in [`Carrier::PAUSE`].

use crate::{
    message::CHANNEL,
    relay::{Carrier, CarrierError, Listener, Speaker},
};
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{fmt, str::FromStr, time::Duration};

/// Carries hints by PostgreSQL's LISTEN and NOTIFY.
#[derive(Clone)]
pub struct Postgres(PgConnectOptions);

impl Postgres {
    /// By the database behind `postgres://…`. It must be reached directly or through a proxy that keeps sessions: one
    /// that hands out a connection per transaction loses LISTEN.
    ///
    /// # Errors
    /// For a URL that is none.
    pub fn new(url: &str) -> Result<Self, CarrierError> {
        let options = PgConnectOptions::from_str(url)?.application_name("signalbox hints");
        Ok(Self(options.disable_statement_logging()))
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold the password.
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Carrier for Postgres {
    const NAME: &'static str = "PostgreSQL";
    /// The server refuses 8000 bytes and more.
    const LONGEST: usize = 7999;
    const PAUSE: Duration = Duration::from_millis(20);

    type Speaker = PgConnection;
    type Listener = PgListener;

    async fn connect(&self) -> Result<(Self::Speaker, Self::Listener), CarrierError> {
        let speaker = PgConnection::connect_with(&self.0).await?;
        // The listener takes its connection from a pool; with one of its own it waits for nobody.
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_with(self.0.clone()).await?).await?;
        listener.ignore_pool_close_event(true);
        // The relay connects again, not the listener.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok((speaker, listener))
    }
}

impl Speaker for PgConnection {
    async fn say(&mut self, message: String) -> Result<(), CarrierError> {
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(message);
        notify.execute(self).await?;
        Ok(())
    }
}

impl Listener for PgListener {
    async fn hear(&mut self) -> Result<String, CarrierError> {
        match self.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(CarrierError::Closed),
        }
    }
}

//! The server's configuration: defaults ← TOML file ← environment ← command line, checked as a whole.
//! Every mistake is reported at once; settings are read here and nowhere else.

mod database;
mod intervals;
mod layers;
mod limits;
mod mistakes;
mod overrides;
mod secret;
mod settings;

pub use database::DatabaseUrl;
pub use limits::Limits;
pub use mistakes::{ConfigError, Mistake};
pub use overrides::Overrides;
pub use secret::Secret;
pub use settings::Setting;

use signalbox_api::transport::HttpLimits;
use signalbox_bus::RedisAddress;
use signalbox_core::lease::Intervals;
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line, for collectors.
    Json,
}

/// A checked configuration. Each field is the setting of the same name (see [`Setting`]).
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// Where the data is.
    pub database_url: DatabaseUrl,
    /// The Redis that carries hints between replicas.
    pub redis_url: Option<RedisAddress>,
    /// The folder of everything the server keeps on disk. Created, readable by its owner only.
    pub data_dir: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written, in the notation of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Whether requests without a key are served on an address that is not a loopback address.
    pub insecure_no_auth: bool,
    /// A key that shall exist with the role admin; made at start if it does not.
    pub bootstrap_admin_key: Option<Secret>,
    /// Origins (`https://host[:port]`) whose browser pages may use the API, besides those of this machine.
    pub allowed_origins: Vec<String>,
    /// Names under which a server on a loopback address may be called, besides those of this machine.
    pub allowed_hosts: Vec<String>,
    /// Connections served at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// What requests may ask for.
    pub limits: Limits,
    /// How long `/readyz` says "draining" before the server stops accepting.
    pub shutdown_delay: Duration,
    /// How long requests in flight may take to end at a shutdown.
    pub drain_timeout: Duration,
    /// How long leases last, and how long silence is borne.
    pub intervals: Intervals,
}

impl Config {
    /// Reads all layers: `signalbox.toml` in the working directory or the file named by `--config` or
    /// `SIGNALBOX_CONFIG`, then the environment, then `overrides` (the command line).
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        layers::load(overrides, std::env::vars().collect())
    }

    /// Whether the address can only be reached from this machine.
    pub const fn is_loopback(&self) -> bool {
        self.host.is_loopback()
    }

    /// The limits of the transport that follow from it. Compression only costs time when no network is
    /// between the client and us.
    pub fn http_limits(&self) -> HttpLimits {
        let limits = self.limits.http(self.max_connections);
        HttpLimits {
            compress_from_bytes: limits.compress_from_bytes.filter(|_| !self.is_loopback()),
            ..limits
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests;

//! The server, put together: configuration, wiring, telemetry, lifecycle. Everything it does is done in the
//! rooms below; nothing here knows a flow from a task.

// The future that answers a request holds those of everything beneath it, from the socket to the database; where they
// meet, their layout is deeper than the compiler goes by default.
#![recursion_limit = "256"]

pub mod config;
mod lifecycle;
mod listen;
mod start;
pub mod telemetry;

pub use config::{Config, ConfigError, LogFormat, Overrides};
pub use lifecycle::Running;
pub use start::{StartError, start};

#[cfg(test)]
mod tests;

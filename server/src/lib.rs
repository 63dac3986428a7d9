//! The server, put together: configuration, wiring, telemetry, lifecycle. Everything it does is done in the
//! rooms below; nothing here knows a flow from a task.

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

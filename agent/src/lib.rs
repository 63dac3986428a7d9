//! The agent: claims runs from a Signalbox server, starts them on one backend, watches them, reports how they
//! ended. It only dials out, and never depends on a crate of the server.
//!
//! Rooms: `work/` decides what to take on (register, poll, slots, drain), `run/` accompanies one run from its claim
//! to its release, `journal/` is what a restarted agent goes by, `executor/` starts and stops it on a backend, `logs/` carries what is said about it.

mod agent;
mod config;
mod edge;
pub mod executor;
pub mod flags;
mod journal;
mod logs;
mod run;
mod work;

pub use agent::{Agent, AgentError, Outcome};
pub use config::AgentConfig;
pub use executor::local::main_if_asked;
pub use journal::JournalError;
pub use run::RunOutcome;
pub use work::drain::{Shutdown, on_signals};

//! Use cases, one per file: `<noun>/<verb>.rs`. Each takes [`Services`], a proof of right
//! ([`signalbox_core::access::Access`]) and a command; rules come from core, rows from storage, hints go to the bus
//! after the commit. No transport and no SQL here.

pub mod agent_configs;
pub mod agents;
pub mod api_keys;
mod author;
pub mod background;
mod changes;
pub mod concurrency_limits;
mod error;
pub mod flow_groups;
pub mod flow_runs;
pub mod flows;
pub mod key_values;
mod lanes;
pub mod live;
pub mod logs;
mod name;
pub mod projects;
pub mod schedules;
mod services;
pub mod streams;
pub mod tables;
pub mod task_run_artifacts;
pub mod task_runs;
pub mod tenants;

pub use author::Author;
pub use error::ServiceError;
pub use services::{Parts, Services};
pub use signalbox_bus::Link;

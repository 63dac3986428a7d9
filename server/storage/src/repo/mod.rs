//! Statements of the write path, by noun. Each takes a [`TenantTx`](crate::TenantTx), and each query names the
//! tenant; the few that must look across tenants (authentication, the tenants themselves) take the store and say so.

pub mod agent;
pub mod agent_config;
pub mod api_key;
pub mod concurrency;
pub mod edge;
pub mod event;
pub mod flow;
pub mod flow_group;
pub mod flow_run;
mod insert;
pub mod key_value;
mod list;
pub mod lock;
pub mod log;
mod position;
pub mod project;
pub mod retention;
mod row;
pub mod schedule;
pub mod task;
pub mod task_run;
pub mod task_run_artifact;
pub mod tenant;

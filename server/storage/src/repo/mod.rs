//! Statements of the write path, by noun. Each takes a [`TenantTx`](crate::TenantTx), and each query names the
//! tenant; the few that must look across tenants (authentication, the tenants themselves) take the store and say so.

pub mod agent;
pub mod api_key;
pub mod flow_run;
mod insert;
mod list;
pub mod log;
mod row;
pub mod schedule;
pub mod task_run;
pub mod tenant;

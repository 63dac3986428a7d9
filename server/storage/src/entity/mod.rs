//! Rows as sea-orm sees them. Private to storage: repositories hand out their own, smaller shapes.

pub mod agent;
pub mod agent_config;
pub mod api_key;
pub mod edge;
pub mod flow;
pub mod flow_group;
pub mod flow_run;
pub mod flow_run_state;
pub mod key_value;
pub mod log;
pub mod project;
pub mod task;
pub mod task_run;
pub mod task_run_artifact;
pub mod task_run_state;
pub mod tenant;

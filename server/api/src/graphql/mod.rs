//! The GraphQL schema. Mutations live by noun, `<noun>/mutation.rs`: each resolver reads its input, takes the proof of
//! right and calls one use case. No rules and no SQL here.

mod agent;
mod agent_config;
mod api_info;
mod api_key;
mod concurrency_limit;
mod context;
mod error;
mod flow;
mod flow_group;
mod flow_run;
mod key_value;
mod log;
mod payload;
mod price;
mod project;
mod scalar;
mod schema;
mod stream;
mod table;
mod task_run;
mod task_run_artifact;
mod tenant;

pub(crate) use error::describe;
pub(crate) use price::{Priced, ReadBounds};
pub use schema::{ApiSchema, build, sdl};

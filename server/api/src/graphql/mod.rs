//! The GraphQL schema. Mutations live by noun, `<noun>/mutation.rs`: each resolver reads its input, takes the proof of
//! right and calls one use case. No rules and no SQL here.

mod agent;
mod api_key;
mod context;
mod error;
mod flow_run;
mod log;
mod flow;
mod payload;
mod project;
mod scalar;
mod schema;
mod task_run;
mod table;
mod tenant;

pub(crate) use error::describe;
pub use schema::{ApiSchema, build, sdl};

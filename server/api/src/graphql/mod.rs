//! The GraphQL schema. Mutations live by noun, `<noun>/mutation.rs`: each resolver reads its input, takes the proof of
//! right and calls one use case. No rules and no SQL here.

mod api_key;
mod context;
mod error;
mod payload;
mod scalar;
mod schema;
mod table;
mod tenant;

pub(crate) use error::describe;
pub use schema::{ApiSchema, build, sdl};

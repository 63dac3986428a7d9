//! The HTTP and GraphQL surface of the server: transport, authentication, the schema. No SQL and no rules here.

pub mod auth;
mod backend;
pub mod graphql;
mod health;
pub mod router;
pub mod transport;

//! The GraphQL client of the agent and the command line: one transport (keep-alive connections, retries, one
//! classifier of errors) and one typed function per operation the agent needs.
//! No rules about runs live here, and nothing of the server's crates is used.

mod backoff;
mod config;
mod error;
pub mod operations;
mod transport;

pub use backoff::Backoff;
pub use config::ClientConfig;
pub use error::{Class, ClientError, ErrorExtensions, GraphqlError};
pub use transport::{Client, RequestOptions};

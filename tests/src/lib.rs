//! The harness of the front-door tests: it starts the real binary, speaks to it as clients do, and reads everything
//! back. Nothing here reaches into the server; what a test needs, it makes through the API.

pub mod balancer;
pub mod binary;
pub mod client;
pub mod dump;
pub mod events;
pub mod flow;
pub mod furnishing;
pub mod http;
pub mod introspection;
pub mod redis;
pub mod replicas;
pub mod scene;
pub mod server;
pub mod socket;
pub mod wiretap;

pub use balancer::Balancer;
pub use client::{Client, Reply};
pub use redis::RedisServer;
pub use replicas::Replicas;
pub use scene::Scene;
pub use server::TestServer;
pub use wiretap::Wiretap;

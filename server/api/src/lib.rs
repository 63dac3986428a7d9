//! signalbox-api

pub mod graphql;
pub mod transport;

pub mod auth;
mod backend;
pub mod health;
pub mod router;
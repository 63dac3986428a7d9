//! Hints between replicas, over real servers that are killed, frozen and restarted.

mod ears;
mod notify;
mod postgres;
mod redis;

//! Everything that is tested through the front door of the real binary, and the checks that keep the house tidy.

mod concurrency;
mod contract;
mod crash;
mod explain;
mod harness;
mod hostile;
mod pausing;
mod race;
mod replay;
mod replicas;
mod subscriptions;
mod tenancy;
mod tidy;
mod uncovered;

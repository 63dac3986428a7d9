//! Mutations through the schema, on a real SQLite file: what they do, what a second delivery does, and whom they refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent;
mod flow;
mod flow_group;
mod hostile;
mod project;
mod registration;
mod run;
mod tenant;
mod world;

//! Mutations through the schema, on a real SQLite file: what they do, what a second delivery does, and whom they refuse.

// A test that awaits helpers that await the schema is one future of them all.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent;
mod flow;
mod flow_group;
mod hand_out;
mod hostile;
mod lost_runs;
mod project;
mod registration;
mod retention;
mod run;
mod tenant;
mod world;

//! Flows: what a registration says, checked before anything is written.

mod graph;
mod parse;
mod roles;

pub use graph::{GraphError, check_acyclic};
pub use parse::{EdgeSpec, FlowError, FlowSpec, TaskSpec, parse_edges, parse_flow, parse_tasks};
pub use roles::{Roles, roles};

#[cfg(test)]
mod tests;

//! Task runs.

mod mutation;
mod query;

pub use mutation::TaskRunMutation;
pub use query::TaskRunQuery;

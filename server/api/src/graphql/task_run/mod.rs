//! Task runs.

mod children;
mod edit;
mod mutation;
mod query;

pub use children::MappedChildrenQuery;
pub use edit::TaskRunEditMutation;
pub use mutation::TaskRunMutation;
pub use query::TaskRunQuery;

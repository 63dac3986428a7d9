//! The query model of the read API: a root field and its selections become one pure [`Plan`].
//!
//! Everything a request can get wrong is found here, before any statement is sent. No SQL, no GraphQL library: the
//! API hands over neutral [`Selection`]s, storage turns the plan into statements.

mod build;
mod cost;
mod filter;
mod limit;
mod literal;
mod order;
mod plan;
mod rejection;
mod rows;
mod scope;
mod selection;
mod tables;
mod timestamp;

#[cfg(test)]
mod tests;

pub use cost::Cost;
pub use filter::{Comparison, Filter};
pub use limit::{Allowance, ReadLimits};
pub use literal::Scalar;
pub use order::{Extreme, OrderTarget, OrderTerm};
pub use plan::{
    Aggregate, AggregateField, AggregateOutput, Child, Field, Function, Level, Node, Output, PathStep, Plan,
    Summary, SummaryOutput,
};
pub use rejection::Rejection;
pub use rows::Rows;
pub use scope::ReadScope;
pub use selection::Selection;
pub use timestamp::parse_timestamp;

//! What the API says of itself and of the sender.

mod query;
mod states;

pub use query::ApiInfoQuery;

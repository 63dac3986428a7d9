//! The only room that speaks SQL. A [`Store`] opens transactions for those who hold an `Access`; repositories
//! (`repo/<noun>/`) hold the statements of the write path; the read API's compiler lives in `query/`.

mod checkpoint;
mod connect;
mod dialect;
mod entity;
mod error;
mod postgres;
pub mod query;
pub mod repo;
mod statistics;
mod store;
mod tx;
mod wall;

pub use error::StorageError;
pub use store::Store;
pub use tx::{Batch, Commit, Lane, Observer, Results, TenantTx, Transaction};

//! Reads of the tables, as the read API's compiler plans them.

mod read;

pub use read::read;

//! Transactions: named, of one tenant, repeatable; and lanes, which carry many callers through one commit.

mod batch;
mod commit;
mod everybody;
mod scope;
mod session;
mod tenant;
#[cfg(test)]
mod tests;
mod turns;
mod written;

pub use batch::{Batch, Lane, Results};
pub use commit::{Commit, Observer};
pub(crate) use everybody::Everybody;
pub(crate) use scope::Scope;
pub(crate) use session::{Failure, Session};
pub use tenant::TenantTx;
pub(crate) use turns::{Party, Turn, Turns};

use crate::StorageError;

/// Work on the database that succeeds or fails as a whole. A transaction has a name and may run twice.
pub trait Transaction: Send + Sync {
    /// Its name in logs, `<noun>.<verb>`.
    const NAME: &'static str;
    /// What it yields.
    type Output: Send;
    /// Why it can be refused; a refusal rolls back.
    type Error: From<StorageError> + Send;

    /// Does the work.
    fn run(&self, tx: &TenantTx) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

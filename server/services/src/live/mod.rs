//! Live queries: a read whose answer is kept up to date for whoever listens.
//!
//! Equal questions of one tenant share one reader: however many listen, a change is read once. The reader is woken by
//! hints of the tables that the plan touches, and looks again on a slow tick, so that a lost hint costs time and no
//! answer. It reads at most ten times a second; what happens in between is in the next answer, and the last answer is
//! always sent.

mod reader;
mod shared;

pub(crate) use shared::LiveQueries;

use crate::{ServiceError, Services};
use shared::{Answer, Key};
use signalbox_core::{
    access::{Access, Viewer},
    query::{Plan, ReadScope},
};
use signalbox_schema::ErrorCode;
use std::sync::Arc;
use tokio::sync::watch;

/// One listener of a live query.
#[derive(Debug)]
pub struct LiveQuery {
    answers: watch::Receiver<Option<Answer>>,
    reads: watch::Receiver<u64>,
    /// The first read that began after everything that had happened when this listener came. `None` once it is over.
    joined_at: Option<u64>,
}

/// Listens to the answer of a plan. `question` must name all that the plan was built from: listeners with an equal
/// question are given the same answers.
pub fn listen(services: &Services, access: &Access<Viewer>, question: String, plan: Plan) -> LiveQuery {
    let scope = ReadScope { tenant: access.tenant(), all_tenants: access.sees_all_tenants() };
    services.live().listen(services, Key { scope, question }, plan)
}

impl LiveQuery {
    /// The next answer, as JSON text: the present one first, then whenever it is another. Answers that came while
    /// nobody asked are passed over but for the last. After an error there is nothing more.
    pub async fn next(&mut self) -> Result<Arc<str>, ServiceError> {
        // When the reader is gone, what it said last is still there to be read.
        match self.joined_at.take() {
            Some(number) => drop(self.reads.wait_for(|read| *read >= number).await),
            None => {
                if self.answers.changed().await.is_err() {
                    return Err(broken_down());
                }
            }
        }
        self.answers.borrow_and_update().clone().unwrap_or_else(|| Err(broken_down()))
    }
}

fn broken_down() -> ServiceError {
    ServiceError::new(ErrorCode::Internal, "the server failed; its log has the details")
}

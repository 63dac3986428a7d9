//! Operations whose answers come one after another: over WebSocket (both protocols that clients speak) and as
//! server-sent events. The documents pass what stands before every other request, too: limits, scan, cache.
//!
//! Nothing is queued for a client. An answer is asked for when the one before it was written, so a slow client gets
//! fewer live answers, and its streams wait where they are; one that reads nothing for long is cut off.

mod credentials;
mod entrance;
mod events;
mod operation;
mod protocol;
mod socket;

pub(crate) use entrance::{graphql, root};
pub(super) use events::{answer as answer_events, wanted as events_wanted};

use super::{Operation, Payload, Refusal, RequestId, answer, context, document::Roots, post, reply};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often a connection without news is kept alive. Proxies cut what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Ends its task when it is dropped.
struct Watch<T>(JoinHandle<T>);

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns when the sender may not listen any more, and why.
async fn ended(watch: &mut Watch<Refusal>) -> Refusal {
    match (&mut watch.0).await {
        Ok(refusal) => refusal,
        // The task broke down, and nobody looks whether the key is still good.
        Err(_) => reply::internal(),
    }
}

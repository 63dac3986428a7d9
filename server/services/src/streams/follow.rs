//! Following: subscribe, read, wait for a hint or the tick, read again.

use crate::{ServiceError, Services};
use futures_util::{Stream, stream::unfold};
use signalbox_bus::{Subscription, Topic};
use signalbox_core::cursor::Cursor;
use signalbox_schema::ErrorCode;
use std::{future::Future, time::Duration};
use tokio::time::sleep;

/// How often is read although nobody gave a hint.
const TICK: Duration = Duration::from_secs(15);
/// How long after a failure of the database it is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Most items of one read.
pub(super) const PAGE: u32 = 200;

/// Items of one message, at least one, each with the cursor behind it.
pub type Items<T> = Vec<(Cursor, T)>;

/// What one read found.
pub(super) struct Page<T> {
    pub items: Items<T>,
    /// Whether there may be more at once.
    pub more: bool,
    /// Whether nothing can come any more, because what is followed is gone.
    pub ended: bool,
}

impl<T> Page<T> {
    /// A page of at most [`PAGE`] items: a full one may have more behind it.
    pub fn of(items: Items<T>) -> Self {
        let more = items.len() >= PAGE as usize;
        Self { items, more, ended: false }
    }
}

/// Something that grows, and the place up to which it was read.
pub(super) trait Source: Send + 'static {
    type Item: Send + 'static;

    /// Reads what comes next.
    fn read(
        &mut self,
        services: &Services,
    ) -> impl Future<Output = Result<Page<Self::Item>, ServiceError>> + Send;
}

struct Follower<S> {
    services: Services,
    source: Option<S>,
    hints: Subscription,
}

/// Follows a source; `topic` wakes it. Ends after an error.
pub(super) fn follow<S: Source>(
    services: &Services,
    source: S,
    topic: Topic,
) -> impl Stream<Item = Result<Items<S::Item>, ServiceError>> + Send + use<S> {
    // Before the first read, or what comes in between would be missed until the tick.
    let hints = services.subscribe(topic);
    let follower = Follower { services: services.clone(), source: Some(source), hints };
    unfold(follower, |mut follower| async move {
        let next = follower.next().await?;
        if next.is_err() {
            follower.source = None;
        }
        Some((next, follower))
    })
}

impl<S: Source> Follower<S> {
    async fn next(&mut self) -> Option<Result<Items<S::Item>, ServiceError>> {
        loop {
            let mut source = self.source.take()?;
            let services = self.services.clone();
            // A task of its own: whoever polls this may stop for as long as its client does not read, and must not
            // keep a connection of the database meanwhile.
            let reading = tokio::spawn(async move {
                let page = source.read(&services).await;
                (source, page)
            });
            let Ok((source, page)) = reading.await else { return Some(Err(broken_down())) };
            match page {
                Ok(page) => {
                    // A stream whose source is gone ends with what there was.
                    self.source = (!page.ended).then_some(source);
                    if !page.items.is_empty() {
                        return Some(Ok(page.items));
                    }
                    if !page.more {
                        self.wait(TICK).await;
                    }
                }
                Err(error) if error.code.is_retryable() => {
                    self.source = Some(source);
                    tracing::warn!(%error, "a stream could not be read; trying again");
                    sleep(AFTER_FAILURE).await;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn wait(&mut self, tick: Duration) {
        tokio::select! {
            () = self.hints.changed() => {}
            () = sleep(tick) => {}
        }
    }
}

fn broken_down() -> ServiceError {
    ServiceError::new(ErrorCode::Internal, "the server failed; its log has the details")
}

//! The reader of one question: a task that lives as long as somebody listens.

use super::shared::{Answer, Key, Shared};
use crate::{ServiceError, Services, changes};
use futures_util::future::select_all;
use signalbox_bus::Subscription;
use signalbox_core::{query::Plan, registry::Families};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// Shortest time between two reads. The first after a rest is read at once.
const GAP: Duration = Duration::from_millis(100);
/// How often is read although nobody gave a hint.
const TICK: Duration = Duration::from_secs(15);
/// How long after a failure of the database it is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Reads until nobody listens, or the question cannot be answered any more.
pub(super) async fn run(services: Services, key: Key, shared: Arc<Shared>, mut plan: Plan) {
    // Before the first read, or a change in between would be missed until the tick.
    let mut hints: Vec<Subscription> = Families::of_plan(&plan)
        .iter()
        .map(|family| services.subscribe(changes::topic(key.scope.tenant, family)))
        .collect();
    loop {
        let number = shared.begin(&mut hints);
        let began = Instant::now();
        plan.renew();
        let answer = read(&services, &key, &plan).await;
        let pause = match answer {
            Err(error) if error.code.is_retryable() && shared.answers.borrow().is_some() => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(tenant.id = %key.scope.tenant, error, "a live query could not be read; trying again");
                AFTER_FAILURE
            }
            Err(error) => {
                services.live().forget(&key);
                shared.answers.send_replace(Some(Err(error)));
                return;
            }
            Ok(text) => {
                publish(&shared, text);
                GAP
            }
        };
        shared.reads.send_replace(number);
        tokio::select! {
            () = any(&mut hints) => sleep_until(began + pause).await,
            () = sleep(TICK) => {}
            () = shared.answers.closed() => {
                if services.live().forget_unheard(&key, &shared) {
                    return;
                }
            }
        }
    }
}

async fn read(services: &Services, key: &Key, plan: &Plan) -> Answer {
    // Nobody closes the semaphore.
    let _place = services.live().places.acquire().await;
    let text = services.store().query(&key.scope, plan).await.map_err(ServiceError::from)?;
    Ok(Arc::from(text))
}

/// Wakes the listeners if the answer is another.
fn publish(shared: &Shared, text: Arc<str>) {
    shared.answers.send_if_modified(|answer| {
        let same = matches!(answer, Some(Ok(known)) if **known == *text);
        if !same {
            *answer = Some(Ok(text));
        }
        !same
    });
}

/// Returns when any of them was hinted at.
async fn any(hints: &mut [Subscription]) {
    if hints.is_empty() {
        return std::future::pending().await;
    }
    select_all(hints.iter_mut().map(|hint| Box::pin(hint.changed()))).await;
}

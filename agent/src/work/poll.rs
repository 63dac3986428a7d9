//! The one discovery path: a long poll that renews leases, takes runs and passes on orders.

use std::{sync::Arc, time::Duration};

use signalbox_client::{
    Backoff, ClientError,
    operations::{self, Action, Claim, ClaimFlowRuns},
};
use tokio::{sync::watch, time::Instant};

use super::{
    drain::{Shutdown, reached},
    register::register,
    slots::Order,
};
use crate::{agent::Context, edge, journal::Question, run};

/// Longest single wait, well under the server's own limit and the idle time-outs of proxies.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Shortest time between two answers that brought nothing new, for example while a cancelled run winds down.
const PACE: Duration = Duration::from_millis(200);

/// Takes and renews until the agent is asked to stop (or has executed its one run) and holds nothing any more.
///
/// # Errors
/// When the server refuses to know the agent any more.
pub(crate) async fn poll(
    context: &Arc<Context>,
    mut shutdown: watch::Receiver<Shutdown>,
) -> Result<(), ClientError> {
    let mut backoff = Backoff::default();
    let mut count = context.slots.count();
    let mut away = false;
    // What was found again is what `once` is about, too.
    let mut taken_one = !context.slots.held().is_empty();
    // The question of an earlier process may have been answered with runs that never arrived.
    let before = context.journal.question();
    let mut question = before.unwrap_or_else(|| Question::first(edge::unique_id(), edge::unique_id()));
    let mut written = before.is_some();
    // The first call comes straight back: it learns how often leases must be renewed.
    let mut wait = Duration::ZERO;
    loop {
        let draining = *shutdown.borrow() >= Shutdown::Drain;
        let closed = draining || (context.config.once && taken_one);
        let held_now = *count.borrow_and_update();
        if closed && held_now == 0 {
            return Ok(());
        }
        if !written {
            written = write_down(context, &question).await;
        }
        let slots = match (closed || !written, context.config.once) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => context.slots.free_count(),
        };
        let asked = Instant::now();
        let claim = claim(context, slots, wait, &question);
        let answer = tokio::select! {
            answer = claim => answer,
            // A place became free (or the last run ended) while none was on offer: ask again with it.
            _ = count.changed(), if slots == 0 => continue,
            // Hanging up may lose an answer that is just being sent. Its runs are then nobody's until their leases
            // lapse, which is what leases are for; waiting the poll out would delay every stop.
            () = reached(&mut shutdown, Shutdown::Drain), if !draining => continue,
        };
        let pause = match answer {
            Ok(claim) => {
                if std::mem::take(&mut away) {
                    tracing::info!("the API answers again");
                }
                backoff.reset();
                wait = wait_for(&claim);
                taken_one |= !claim.runs.is_empty();
                let news = act(context, claim).await;
                context.confirmed.send_replace(true);
                question = question.next(edge::unique_id());
                written = false;
                if news { Duration::ZERO } else { PACE.saturating_sub(asked.elapsed()) }
            }
            Err(error) if error.code() == Some("NOT_FOUND") => {
                tracing::warn!("the API does not know this agent any more; registering again");
                let identity =
                    register(&context.anonymous, &context.config, context.executor.capabilities().agent_type)
                        .await?;
                context.rename(identity);
                backoff.next(None)
            }
            Err(error) => {
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(%error, "asking for work failed; trying again, running runs go on");
                }
                // As at the beginning: leases are renewed, and the end of the outage seen, without a long wait.
                wait = Duration::ZERO;
                backoff.next(error.retry_after())
            }
        };
        if !pause.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = count.changed(), if closed => {}
                () = reached(&mut shutdown, Shutdown::Drain), if !draining => {}
            }
        }
    }
}

/// Writes down what is about to be asked. Without, no runs are asked for: an answer that is lost with us could not be
/// asked for again.
async fn write_down(context: &Context, question: &Question) -> bool {
    match context.journal.ask(question).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "the journal cannot be written; no runs are taken until it can");
            false
        }
    }
}

async fn claim(
    context: &Context,
    slots: u32,
    wait: Duration,
    question: &Question,
) -> Result<Claim, ClientError> {
    let session = context.session();
    let claim = ClaimFlowRuns {
        agent_id: session.identity.agent_id,
        labels: context.config.labels.clone(),
        slots,
        wait_ms: u64::try_from(wait.as_millis()).unwrap_or(0),
        held: context.slots.held(),
        claim_id: question.claim_id,
        process_id: question.process_id,
        claim_number: question.number,
    };
    operations::claim_flow_runs(&session.client, &claim).await
}

/// Two thirds of the renewal interval, so that the next call renews in time even when this one waits to its end.
fn wait_for(claim: &Claim) -> Duration {
    (Duration::from_secs(claim.renew_seconds) * 2 / 3).clamp(Duration::from_millis(500), LONGEST_WAIT)
}

/// Passes orders on and starts what was claimed; answers whether anything was new.
async fn act(context: &Arc<Context>, claim: Claim) -> bool {
    let mut news = !claim.runs.is_empty();
    // Before the runs: a directive is about an earlier claim, never about one of this answer.
    for directive in claim.directives {
        let order = match directive.action {
            Action::Cancel => Order::Cancel,
            Action::Abandon => Order::Abandon,
            Action::Unknown => continue,
        };
        if context.slots.order(directive.flow_run_id, order) {
            news = true;
            // Every run that ends is abandoned in the end; only a cancellation is worth a line.
            if order == Order::Cancel {
                tracing::info!(flow_run.id = %directive.flow_run_id, "to be cancelled");
            }
        }
    }
    let mut written = Vec::with_capacity(claim.runs.len());
    for claimed in claim.runs {
        tracing::info!(flow_run.id = %claimed.flow_run_id, resumed = claimed.resumed, "claimed");
        written.push(run::accompany(context, claimed));
    }
    for written in written {
        // Ends without a word only with the runtime.
        let _ = written.await;
    }
    news
}

//! One run from its claim to its release: prepare, launch, watch, finish. Which runs there are is decided in `work/`.

mod finish;
mod launch;
mod prepare;
mod watch;

use std::{sync::Arc, time::Instant};

use signalbox_client::operations::{ClaimedRun, Held};
use signalbox_schema::{FlowRunId, StateType};
use tokio::sync::{oneshot, watch::Receiver};

use crate::{
    agent::Context,
    executor::{Exit, ExitStatus, Found, Handle},
    journal::RunRecord,
    logs::Level,
    work::slots::{Order, Taken},
};

/// How a run stood when its work here had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOutcome {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// Its state; `Running` when it left for a long retry, `None` when it was lost to somebody else.
    pub state: Option<StateType>,
}

/// How the work on a run came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ending {
    /// By itself.
    Exit(Exit),
    /// It never began; says why.
    NotStarted(String),
    /// Somebody cancelled the run.
    Cancelled,
    /// The agent had to stop.
    Halted,
    /// The run had ended by somebody's word, often its own, before its process did.
    Concluded(StateType),
    /// The run was not ours any more.
    Abandoned,
}

/// Takes a place for a claimed run, writes it down and sees it through in the background. The result ends when it is
/// written down.
pub(crate) fn accompany(context: &Arc<Context>, claimed: ClaimedRun) -> oneshot::Receiver<()> {
    let record = RunRecord::new(claimed);
    let taken = context.slots.take(record.held());
    let context = Arc::clone(context);
    let (tell, written) = oneshot::channel();
    tokio::spawn(async move {
        let problem = context.journal.keep(&record).await.err();
        let problem =
            problem.map(|error| format!("the agent could not write the run into its journal: {error}"));
        // Nobody listens any more when the agent is about to end.
        let _ = tell.send(());
        let work = async |context: &Context, orders: &mut Receiver<Order>| match problem {
            None => begin(context, &record.claimed, orders).await,
            Some(reason) => (None, Ending::NotStarted(reason)),
        };
        see_through(&context, record.held(), taken, work).await;
    });
    written
}

/// Takes up a run that an earlier process of this agent had claimed.
pub(crate) fn resume(context: &Arc<Context>, record: RunRecord) {
    let taken = context.slots.take(record.held());
    let context = Arc::clone(context);
    tokio::spawn(async move {
        let held = record.held();
        let work = async |context: &Context, orders: &mut Receiver<Order>| match &record.handle {
            Some(handle) => find(context, handle, &record.claimed, orders).await,
            None => begin_if_ours(context, &record.claimed, orders).await,
        };
        see_through(&context, held, taken, work).await;
    });
}

/// From the first order to the last word: waits for earlier work on the same run, works, reports, cleans up.
async fn see_through(
    context: &Arc<Context>,
    held: Held,
    taken: Taken,
    work: impl AsyncFnOnce(&Context, &mut Receiver<Order>) -> (Option<Handle>, Ending),
) {
    let Taken { mut orders, predecessor, alive } = taken;
    if let Some(mut predecessor) = predecessor {
        while predecessor.changed().await.is_ok() {}
    }
    let (handle, ending) = work(context, &mut orders).await;
    if let Ending::NotStarted(reason) = &ending {
        tracing::warn!(flow_run.id = %held.flow_run_id, "the run could not be started");
        context.logs.say(held, Level::Error, reason.clone());
    }
    let state = finish::finish(context, held, ending).await;
    // Only now: a process of this agent that comes after us needs to see how the work ended, and to report it.
    if let Some(handle) = handle {
        context.executor.cleanup(&handle).await;
    }
    context.journal.forget(held).await;
    drop(alive);
    context.record(RunOutcome { flow_run_id: held.flow_run_id, state });
    tracing::info!(flow_run.id = %held.flow_run_id, state = state.map(StateType::as_str), "done with the run");
    context.slots.free(held);
}

async fn begin(
    context: &Context,
    claimed: &ClaimedRun,
    orders: &mut Receiver<Order>,
) -> (Option<Handle>, Ending) {
    let claimed_at = Instant::now();
    match launch::launch(context, claimed).await {
        Ok(handle) => {
            tracing::info!(
                flow_run.id = %claimed.flow_run_id,
                work = handle.label,
                duration_ms = claimed_at.elapsed().as_secs_f64() * 1_000.0,
                "started"
            );
            let ending = watch::watch(context, &handle, orders).await;
            (Some(handle), ending)
        }
        Err(reason) => (None, Ending::NotStarted(reason)),
    }
}

/// Begins work that was claimed but not begun before the agent went down: once the server has said that it is still ours.
async fn begin_if_ours(
    context: &Context,
    claimed: &ClaimedRun,
    orders: &mut Receiver<Order>,
) -> (Option<Handle>, Ending) {
    let mut confirmed = context.confirmed.subscribe();
    let ordered = async |orders: &mut Receiver<Order>| {
        let order = orders.wait_for(|order| *order > Order::Work).await.map(|order| *order);
        order.unwrap_or(Order::Abandon)
    };
    let order = tokio::select! {
        biased;
        order = ordered(orders) => order,
        _ = confirmed.wait_for(|confirmed| *confirmed) => *orders.borrow(),
    };
    match order {
        Order::Work => begin(context, claimed, orders).await,
        Order::Cancel => (None, Ending::Cancelled),
        Order::Abandon => (None, Ending::Abandoned),
        Order::Halt => (None, Ending::Halted),
    }
}

/// Finds the work of an earlier process of this agent, and watches it as if nothing had been.
async fn find(
    context: &Context,
    handle: &Handle,
    claimed: &ClaimedRun,
    orders: &mut Receiver<Order>,
) -> (Option<Handle>, Ending) {
    match context.executor.reattach(handle).await {
        Ok(Found::Begun) => {
            tracing::info!(flow_run.id = %handle.flow_run_id, "found again");
            (Some(handle.clone()), watch::watch(context, handle, orders).await)
        }
        Ok(Found::NeverBegan) => begin_if_ours(context, claimed, orders).await,
        Err(error) => {
            tracing::warn!(flow_run.id = %handle.flow_run_id, %error, "its work is not found again");
            let exit = Exit { status: ExitStatus::Unknown, output_tail: String::new() };
            (None, Ending::Exit(exit))
        }
    }
}

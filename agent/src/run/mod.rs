//! One run from its claim to its release: prepare, launch, watch, finish. Which runs there are is decided in `work/`.

mod finish;
mod launch;
mod prepare;
mod watch;

use std::{sync::Arc, time::Instant};

use signalbox_client::operations::{ClaimedRun, Held};
use signalbox_schema::{FlowRunId, StateType};

use crate::{agent::Context, logs::Level};

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
    Exit(crate::executor::Exit),
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

/// Takes a place for the claimed run and sees it through in the background.
pub(crate) fn accompany(context: Arc<Context>, claimed: ClaimedRun) {
    let held = Held { flow_run_id: claimed.flow_run_id, lease_token: claimed.lease_token };
    let claimed_at = Instant::now();
    let taken = context.slots.take(held);
    tokio::spawn(async move {
        let crate::work::slots::Taken { mut orders, predecessor, alive } = taken;
        if let Some(mut predecessor) = predecessor {
            while predecessor.changed().await.is_ok() {}
        }
        let ending = match launch::launch(&context, &claimed).await {
            Ok(handle) => {
                tracing::info!(
                    flow_run.id = %held.flow_run_id,
                    work = handle.label,
                    duration_ms = claimed_at.elapsed().as_secs_f64() * 1_000.0,
                    "started"
                );
                watch::watch(&context, &handle, &mut orders).await
            }
            Err(reason) => {
                tracing::warn!(flow_run.id = %held.flow_run_id, "the run could not be started");
                context.logs.say(held.flow_run_id, Level::Error, reason.clone());
                Ending::NotStarted(reason)
            }
        };
        drop(alive);
        let state = finish::finish(&context, held, ending).await;
        context.record(RunOutcome { flow_run_id: held.flow_run_id, state });
        tracing::info!(flow_run.id = %held.flow_run_id, state = state.map(StateType::as_str), "done with the run");
        context.slots.free(held);
    });
}

//! Waiting for the work to end, and ending it when that is ordered.

use std::time::Duration;

use signalbox_client::operations;
use signalbox_schema::StateType;
use tokio::{sync::watch, time::timeout};

use super::Ending;
use crate::{
    agent::Context,
    executor::{Exit, ExitStatus, Handle},
    work::slots::Order,
};

/// How long the server may take to say how an abandoned run stands, before its work is killed without knowing.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Watches until the work is gone, and says how it ended.
pub(super) async fn watch(context: &Context, handle: &Handle, orders: &mut watch::Receiver<Order>) -> Ending {
    let mut followed = Order::Work;
    let mut abandoned = false;
    loop {
        let work = async {
            match followed {
                Order::Work => Ending::Exit(end(context, handle).await),
                Order::Cancel => {
                    stop(context, handle, context.config.grace).await;
                    Ending::Cancelled
                }
                Order::Abandon => let_go(context, handle).await,
                Order::Halt => {
                    stop(context, handle, Duration::ZERO).await;
                    if abandoned { Ending::Abandoned } else { Ending::Halted }
                }
            }
        };
        tokio::select! {
            ending = work => return ending,
            order = raised(orders, followed) => {
                followed = order;
                abandoned |= order == Order::Abandon;
            }
        }
    }
}

async fn end(context: &Context, handle: &Handle) -> Exit {
    match context.executor.wait(handle).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!(flow_run.id = %handle.flow_run_id, %error, "the work cannot be watched");
            Exit { status: ExitStatus::Unknown, output_tail: String::new() }
        }
    }
}

async fn stop(context: &Context, handle: &Handle, grace: Duration) {
    if let Err(error) = context.executor.stop(handle, grace).await {
        tracing::error!(flow_run.id = %handle.flow_run_id, %error, "the work could not be stopped; waiting for it");
    }
    // Only then it is known to be gone.
    end(context, handle).await;
}

/// Ends work that is not ours any more. A run that has said its own end is often abandoned before its process has sent
/// its last log lines, so that process has its grace; work on a run that somebody else may be doing by now has none.
async fn let_go(context: &Context, handle: &Handle) -> Ending {
    let concluded = concluded(context, handle).await;
    if concluded.is_some() {
        // Whether it ended in time makes no difference to what is done next.
        let _ = timeout(context.config.grace, end(context, handle)).await;
    } else {
        tracing::warn!(flow_run.id = %handle.flow_run_id, "the run is not ours any more; its work is ended");
    }
    stop(context, handle, Duration::ZERO).await;
    concluded.map_or(Ending::Abandoned, Ending::Concluded)
}

/// The run's final state, if it has one and the server says so in time.
async fn concluded(context: &Context, handle: &Handle) -> Option<StateType> {
    let session = context.session();
    let read = operations::flow_run_state(&session.client, handle.flow_run_id);
    let now = timeout(ANSWER_WITHIN, read).await.ok()?.ok()??;
    now.state.filter(|state| state.is_finished())
}

/// The next order above `followed`; never, when no more can come.
async fn raised(orders: &mut watch::Receiver<Order>, followed: Order) -> Order {
    let raised = orders.wait_for(|order| *order > followed).await.map(|order| *order);
    match raised {
        Ok(order) => order,
        Err(_) => std::future::pending().await,
    }
}

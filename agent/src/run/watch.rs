//! Waiting for the work to end, and ending it when that is ordered.

use std::time::Duration;

use tokio::sync::watch;

use super::Ending;
use crate::{
    agent::Context,
    executor::{ExecutorError, Exit, ExitStatus, Handle},
    work::slots::Order,
};

/// Watches until the work is gone, cleans up behind it, and says how it ended.
pub(super) async fn watch(context: &Context, handle: &Handle, orders: &mut watch::Receiver<Order>) -> Ending {
    let executor = &context.executor;
    let mut followed = Order::Work;
    let ending = loop {
        let work = async {
            match followed {
                Order::Work => executor.wait(handle).await,
                Order::Cancel => stop(context, handle, context.config.grace).await,
                Order::Halt | Order::Abandon => stop(context, handle, Duration::ZERO).await,
            }
        };
        let exit = tokio::select! {
            exit = work => exit,
            order = raised(orders, followed) => {
                followed = order;
                continue;
            }
        };
        break match (followed, exit) {
            (Order::Work, Ok(exit)) => Ending::Exit(exit),
            (Order::Work, Err(error)) => {
                tracing::error!(flow_run.id = %handle.flow_run_id, %error, "the work cannot be watched");
                Ending::Exit(Exit { status: ExitStatus::Unknown, output_tail: String::new() })
            }
            (Order::Cancel, _) => Ending::Cancelled,
            (Order::Halt, _) => Ending::Halted,
            (Order::Abandon, _) => Ending::Abandoned,
        };
    };
    executor.cleanup(handle).await;
    ending
}

async fn stop(context: &Context, handle: &Handle, grace: Duration) -> Result<Exit, ExecutorError> {
    if let Err(error) = context.executor.stop(handle, grace).await {
        tracing::error!(flow_run.id = %handle.flow_run_id, %error, "the work could not be stopped; waiting for it");
    }
    // Only now it is known to be gone.
    context.executor.wait(handle).await
}

/// The next order above `followed`; never, when no more can come.
async fn raised(orders: &mut watch::Receiver<Order>, followed: Order) -> Order {
    let raised = orders.wait_for(|order| *order > followed).await.map(|order| *order);
    match raised {
        Ok(order) => order,
        Err(_) => std::future::pending().await,
    }
}

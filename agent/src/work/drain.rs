//! Winding down: first no new runs, then (on a second signal, or when the time is up) no runs at all.

use std::time::Duration;

use tokio::sync::watch;

/// How urgently the agent is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shutdown {
    /// Not at all.
    No,
    /// Take no more runs, end when the running ones have ended.
    Drain,
    /// End the running ones, report them, end.
    Kill,
}

/// SIGINT and SIGTERM as shutdown: the first drains, the second kills.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn on_signals() -> std::io::Result<watch::Receiver<Shutdown>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (tell, shutdown) = watch::channel(Shutdown::No);
    tokio::spawn(async move {
        for next in [Shutdown::Drain, Shutdown::Kill] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tell.send_replace(next);
        }
        // Further signals change nothing; keeping the streams keeps them from ending the process in the middle.
        tell.closed().await;
    });
    Ok(shutdown)
}

/// Waits until the shutdown is at least this urgent; for ever when nobody can ask any more.
pub(crate) async fn reached(shutdown: &mut watch::Receiver<Shutdown>, urgency: Shutdown) {
    if shutdown.wait_for(|asked| *asked >= urgency).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until running runs must end: a second signal, or `timeout` after the first.
pub(crate) async fn ended_by_force(shutdown: &mut watch::Receiver<Shutdown>, timeout: Option<Duration>) {
    reached(shutdown, Shutdown::Drain).await;
    match timeout {
        None => reached(shutdown, Shutdown::Kill).await,
        Some(timeout) => {
            let _ = tokio::time::timeout(timeout, reached(shutdown, Shutdown::Kill)).await;
        }
    }
}

//! What the server does without being asked. Each task is a function without input that may run at any time, twice,
//! and on several replicas at once: it reads what there is to do, and does it. A wake-up says only *that* there is
//! something, so that a restart, a lost hint and the usual case are one path. One file per task.

pub mod lost_runs;
pub mod retention;
pub mod scheduler;

use crate::Services;
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

/// How long after it broke down a task is started again.
const RESTART_AFTER: Duration = Duration::from_secs(10);

/// The running tasks. Dropping this leaves them running; end them with [`BackgroundTasks::stop`].
#[derive(Debug)]
pub struct BackgroundTasks {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts all tasks.
pub fn start(services: &Services) -> BackgroundTasks {
    let (stop, stopped) = watch::channel(false);
    let (own, watch, keeper) = (services.clone(), services.clone(), services.clone());
    let tasks = vec![
        tokio::spawn(keep(scheduler::NAME, stopped.clone(), move || scheduler::run(own.clone()))),
        tokio::spawn(keep(lost_runs::NAME, stopped.clone(), move || lost_runs::run(watch.clone()))),
        tokio::spawn(keep(retention::NAME, stopped, move || retention::run(keeper.clone()))),
    ];
    BackgroundTasks { stop, tasks }
}

impl BackgroundTasks {
    /// Ends all tasks, at whatever they are: what they had not committed is undone. Returns when they have ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task did not end properly");
            }
        }
    }
}

/// Runs a task until it is stopped; starts it again when it breaks down, which is a defect but must not end its work
/// for good.
async fn keep<F>(name: &'static str, mut stop: watch::Receiver<bool>, task: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut running = tokio::spawn(task());
        tokio::select! {
            () = asked_to_stop(&mut stop) => {
                running.abort();
                // Ends when what it was doing was dropped; that it was aborted is no news.
                let _ = running.await;
                return;
            }
            ended = &mut running => tracing::error!(task = name, ?ended, "a background task broke down"),
        }
        tokio::select! {
            () = asked_to_stop(&mut stop) => return,
            () = sleep(RESTART_AFTER) => {}
        }
    }
}

async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

//! The agent's own lines in the runs' logs: queued at once, sent in the background, in order, in batches, kept through
//! an outage. The flows' own lines are sent by Prefect's library.

use std::time::Duration;

use signalbox_client::{
    Backoff, Client,
    operations::{self, Held},
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::edge;

/// Lines kept while the API is away; later ones are dropped and counted.
const QUEUE: usize = 10_000;
const BATCH: usize = 500;

/// Python's names, which Prefect's logs use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Info,
    Error,
}

/// Takes lines without waiting and delivers them.
#[derive(Debug)]
pub(crate) struct Shipper {
    lines: mpsc::Sender<operations::LogLine>,
    delivery: JoinHandle<()>,
    agent_name: String,
}

impl Shipper {
    /// Starts the delivery in the background.
    pub(crate) fn start(client: Client, agent_name: String) -> Self {
        let (lines, queue) = mpsc::channel(QUEUE);
        Self { lines, delivery: tokio::spawn(deliver(client, queue)), agent_name }
    }

    /// Queues a line of a run's log.
    pub(crate) fn say(&self, held: Held, level: Level, message: String) {
        let line = operations::LogLine {
            flow_run_id: held.flow_run_id,
            lease_token: held.lease_token,
            timestamp: edge::now(),
            name: self.agent_name.clone(),
            level: match level {
                Level::Info => "INFO",
                Level::Error => "ERROR",
            },
            message,
        };
        if self.lines.try_send(line).is_err() {
            tracing::warn!(flow_run.id = %held.flow_run_id, "a log line was dropped: the API takes none and the queue is full");
        }
    }

    /// Delivers what is queued, for at most `within`.
    pub(crate) async fn finish(self, within: Duration) {
        let Self { lines, mut delivery, .. } = self;
        drop(lines);
        if tokio::time::timeout(within, &mut delivery).await.is_err() {
            delivery.abort();
            tracing::warn!("the last log lines could not be delivered");
        }
    }
}

async fn deliver(client: Client, mut queue: mpsc::Receiver<operations::LogLine>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let mut backoff = Backoff::default();
        loop {
            match operations::write_run_logs(&client, &batch).await {
                Ok(_) => break,
                Err(error) if error.is_retryable() => {
                    tokio::time::sleep(backoff.next(error.retry_after())).await;
                }
                Err(error) => {
                    tracing::warn!(lines = batch.len(), code = error.code(), "the API refused log lines");
                    break;
                }
            }
        }
        batch.clear();
    }
}

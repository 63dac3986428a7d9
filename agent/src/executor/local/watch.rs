//! One process of a flow run, as the agent sees it: how to tell it something, and when it has ended.

use std::{sync::Arc, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tokio::{process::Child, sync::watch, time::Instant};
use uuid::Uuid;

use super::trace::{Identity, Traces, marked};
use crate::{
    executor::{Exit, ExitStatus},
    logs::Capture,
};

/// How often a running process's output is looked at: to show it, or only to keep it small.
const SHOW_EVERY: Duration = Duration::from_millis(200);
const TRIM_EVERY: Duration = Duration::from_secs(2);
/// How often a supervisor that is not our child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long what was killed may take to vanish before we stop looking (it is then stuck in the kernel).
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Started work.
pub(super) struct Process {
    pub(super) work_id: Uuid,
    pub(super) supervisor: Identity,
    pub(super) leader: Identity,
    pub(super) traces: Traces,
    pub(super) capture: Arc<Capture>,
    pub(super) ended: watch::Receiver<Option<Exit>>,
}

/// The supervisor, as the one who waits for it has it.
pub(super) enum Supervisor {
    /// We started it.
    Child(Box<Child>),
    /// An earlier process of this agent did.
    Found(Identity),
}

impl Process {
    /// Whether the flow run's own process is still there.
    pub(super) fn is_running(&self) -> bool {
        self.ended.borrow().is_none() && self.leader.is_alive()
    }

    /// Interrupts the leader alone, as Prefect's own cancellation does: it ends what it has started in its own way,
    /// while an interrupted heartbeat process would write an error into the run's log.
    pub(super) fn interrupt(&self) {
        self.tell(Signal::SIGINT, kill);
    }

    /// Sends a signal to the leader's whole group. Only while the leader lives: later, its id may be somebody else's.
    pub(super) fn signal_group(&self, signal: Signal) {
        self.tell(signal, killpg);
    }

    /// Who is gone already is no error.
    fn tell(&self, signal: Signal, send: fn(Pid, Signal) -> nix::Result<()>) {
        if !self.is_running() {
            return;
        }
        match send(pid(self.leader), signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => {
                tracing::warn!(pid = self.leader.pid, %signal, %error, "a signal could not be sent");
            }
        }
    }
}

fn pid(identity: Identity) -> Pid {
    Pid::from_raw(i32::try_from(identity.pid).expect("process ids are positive and fit pid_t"))
}

/// Waits for the end of the work, showing or trimming what it prints; then nothing of it is left.
pub(super) async fn until_ended(
    process: &Process,
    supervisor: Supervisor,
    show: bool,
    tell: watch::Sender<Option<Exit>>,
) {
    let gone = supervised(supervisor, process);
    tokio::pin!(gone);
    let mut tick = tokio::time::interval(if show { SHOW_EVERY } else { TRIM_EVERY });
    loop {
        tokio::select! {
            () = &mut gone => break,
            _ = tick.tick() => Capture::look_after(&process.capture, show).await,
        }
    }
    let status = if let Some(ended) = process.traces.read_ended() {
        ended.into()
    } else {
        // The supervisor was killed, or the machine was restarted: it cannot say how the work ended, nor have ended
        // what is left of it.
        end_marked(process.work_id).await;
        ExitStatus::Unknown
    };
    Capture::look_after(&process.capture, show).await;
    tell.send_replace(Some(Exit { status, output_tail: Capture::tail(&process.capture).await }));
}

/// Until the supervisor is gone; and, if it went before its time, the flow run's process, which is left in peace.
async fn supervised(supervisor: Supervisor, process: &Process) {
    match supervisor {
        Supervisor::Child(mut child) => {
            if let Err(error) = child.wait().await {
                tracing::warn!(%error, "a supervisor cannot be waited for");
            }
        }
        Supervisor::Found(identity) => while_alive(identity).await,
    }
    if process.traces.read_ended().is_none() {
        while_alive(process.leader).await;
    }
}

async fn while_alive(identity: Identity) {
    while identity.is_alive() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Kills every process that carries the mark of this work, and waits until none is left alive.
pub(super) async fn end_marked(work_id: Uuid) {
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        // Reading the environments of all processes is quick, but not for this thread.
        let found = tokio::task::spawn_blocking(move || marked(work_id)).await.unwrap_or_default();
        if found.is_empty() {
            return;
        }
        if Instant::now() >= deadline {
            tracing::warn!(processes = ?found, "some processes did not vanish after SIGKILL");
            return;
        }
        for pid in found {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

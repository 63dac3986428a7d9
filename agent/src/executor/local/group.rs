//! Signals to a process group, and waiting until all of it is gone.

use std::time::Duration;

use nix::{
    errno::Errno,
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::time::Instant;

/// How long members may take to vanish after SIGKILL before we stop looking (they are then stuck in the kernel, or
/// dead but never collected by their parent).
const GONE_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The process group of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessGroup(Pid);

impl ProcessGroup {
    /// The group a process leads.
    pub(super) fn led_by(pid: u32) -> Self {
        Self(Pid::from_raw(i32::try_from(pid).expect("process ids are positive and fit pid_t")))
    }

    /// Sends a signal to every member; a group that is gone is no error.
    pub(super) fn signal(self, signal: Signal) {
        match killpg(self.0, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => {
                tracing::warn!(pid = self.0.as_raw(), %signal, %error, "a signal could not be sent");
            }
        }
    }

    /// Kills every member and waits until none is left.
    pub(super) async fn kill_until_gone(self) {
        let deadline = Instant::now() + GONE_WITHIN;
        while killpg(self.0, Signal::SIGKILL) != Err(Errno::ESRCH) {
            if Instant::now() >= deadline {
                tracing::warn!(
                    pid = self.0.as_raw(),
                    "some processes of the group did not vanish after SIGKILL"
                );
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

//! Signals to a process group, and waiting until all of it is gone.

use std::time::Duration;

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
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

    /// Interrupts the leader alone, as Prefect's own cancellation does: it ends what it has started in its own way,
    /// while an interrupted heartbeat process would write an error into the run's log.
    pub(super) fn interrupt_leader(self) {
        self.tell(Signal::SIGINT, kill);
    }

    /// Sends a signal to every member.
    pub(super) fn signal(self, signal: Signal) {
        self.tell(signal, killpg);
    }

    /// Who is gone already is no error.
    fn tell(self, signal: Signal, send: fn(Pid, Signal) -> nix::Result<()>) {
        match send(self.0, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => {
                tracing::warn!(pid = self.0.as_raw(), %signal, %error, "a signal could not be sent");
            }
        }
    }

    /// Kills every member and waits until none is left alive.
    pub(super) async fn kill_until_gone(self) {
        let deadline = Instant::now() + GONE_WITHIN;
        while killpg(self.0, Signal::SIGKILL) != Err(Errno::ESRCH) {
            let group = self.0.as_raw();
            if tokio::task::spawn_blocking(move || only_dead_members(group)).await.unwrap_or(false) {
                return;
            }
            if Instant::now() >= deadline {
                tracing::warn!(pid = group, "some processes of the group did not vanish after SIGKILL");
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Whether whatever is left of a group is dead and only waits to be collected by a parent that may never do so (orphans
/// in a container without an init process). False where there is no `/proc` to tell.
fn only_dead_members(group: i32) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let mut seen = false;
    for process in processes.flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else { continue };
        match member(&stat, group) {
            Some(Member::Alive) => return false,
            Some(Member::Dead) => seen = true,
            None => {}
        }
    }
    seen
}

#[derive(Debug, PartialEq, Eq)]
enum Member {
    Alive,
    Dead,
}

/// Reads one `/proc/<pid>/stat` (proc(5)): `pid (name) state ppid pgrp …`, where the name may hold anything.
fn member(stat: &str, group: i32) -> Option<Member> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let its_group: i32 = fields.nth(1)?.parse().ok()?;
    let member = if matches!(state, "Z" | "X") { Member::Dead } else { Member::Alive };
    (its_group == group).then_some(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_by_group_and_state() {
        assert_eq!(member("12 (sh) S 1 7 7 0 -1", 7), Some(Member::Alive));
        assert_eq!(member("12 (a) Z (b) Z 1 7 7 0 -1", 7), Some(Member::Dead));
        assert_eq!(member("12 (sh) S 1 8 7 0 -1", 7), None);
        assert_eq!(member("", 7), None);
    }
}

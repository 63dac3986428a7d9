//! By what a process is known again after the agent was gone: its id and when it began (an id alone may be somebody
//! else's by then), the files that its supervisor leaves, and a mark in the environment of everything it starts.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::executor::ExitStatus;

/// The variable that every process of one piece of work has, unless it cleared its environment.
pub(super) const MARK: &str = "SIGNALBOX_WORK_ID";

/// A process that cannot be mistaken for a later one with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// When it began, in the system's ticks since the machine started; `None` where the system does not tell.
    pub(super) began: Option<u64>,
}

impl Identity {
    /// The process that has this id now.
    pub(super) fn of(pid: u32) -> Self {
        Self { pid, began: stat(pid).map(|stat| stat.began) }
    }

    /// Whether it is still there and not merely waiting to be collected.
    pub(super) fn is_alive(self) -> bool {
        match (stat(self.pid), self.began) {
            (Some(stat), Some(began)) => stat.began == began && !stat.is_dead,
            // Without /proc nothing better is known than that the id is in use.
            (None, None) => {
                let pid = i32::try_from(self.pid).map(nix::unistd::Pid::from_raw);
                pid.is_ok_and(|pid| nix::sys::signal::kill(pid, None).is_ok())
            }
            _ => false,
        }
    }
}

/// How a process ended, as its supervisor saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl From<Ended> for ExitStatus {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Code(code) => Self::Code(code),
            Ended::Signal(signal) => Self::Signal(signal),
        }
    }
}

/// The files of one piece of work, side by side under one name.
#[derive(Debug, Clone)]
pub(super) struct Traces(PathBuf);

impl Traces {
    /// Those of the work with this id.
    pub(super) fn of(folder: &Path, work_id: Uuid) -> Self {
        Self(folder.join(work_id.to_string()))
    }

    /// Those under this name.
    pub(super) const fn at(base: PathBuf) -> Self {
        Self(base)
    }

    pub(super) fn base(&self) -> &Path {
        &self.0
    }

    /// What it prints.
    pub(super) fn output(&self) -> PathBuf {
        self.0.with_extension("log")
    }

    /// Which process it is, written when it has begun.
    pub(super) fn begun(&self) -> PathBuf {
        self.0.with_extension("begun")
    }

    /// How it ended, written when all of it is gone.
    pub(super) fn ended(&self) -> PathBuf {
        self.0.with_extension("ended")
    }

    pub(super) fn read_begun(&self) -> Option<Identity> {
        read(&self.begun())
    }

    pub(super) fn read_ended(&self) -> Option<Ended> {
        read(&self.ended())
    }

    /// Removes them all, but for what the work printed.
    pub(super) fn remove(&self) {
        for path in [self.begun(), self.ended()] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::debug!(file = %path.display(), %error, "a trace of ended work could not be removed");
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Which start of this machine it is: process ids of an earlier one mean nothing.
pub(super) fn boot_id() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// Every process that carries the mark of this work, this program's own aside.
pub(super) fn marked(work_id: Uuid) -> Vec<i32> {
    let mark = format!("{MARK}={work_id}");
    let carries = |pid: i32| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        })
    };
    let dead = |pid: i32| u32::try_from(pid).ok().and_then(stat).is_none_or(|stat| stat.is_dead);
    process_ids().filter(|pid| carries(*pid) && !dead(*pid)).collect()
}

/// The children of a process, dead ones that were not collected aside.
pub(super) fn children_of(parent: u32) -> Vec<i32> {
    let is_child = |pid: i32| {
        u32::try_from(pid).ok().and_then(stat).is_some_and(|stat| stat.parent == parent && !stat.is_dead)
    };
    process_ids().filter(|pid| is_child(*pid)).collect()
}

fn process_ids() -> impl Iterator<Item = i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| process.file_name().to_str()?.parse().ok())
}

/// What `/proc/<pid>/stat` says.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    began: u64,
    is_dead: bool,
}

fn stat(pid: u32) -> Option<Stat> {
    read_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads one (proc(5)): `pid (name) state ppid …`, where the name may hold anything; the start is the 22nd field.
fn read_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        began: fields.get(19)?.parse().ok()?,
        is_dead: matches!(*fields.first()?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let tail = "1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 2465792";
        let stat = |state: &str| read_stat(&format!("12 (a) Z (b) {state} {tail}")).unwrap();
        assert_eq!(stat("S"), Stat { parent: 1, began: 4711, is_dead: false });
        assert!(stat("Z").is_dead);
        assert_eq!(read_stat(""), None);
    }

    #[test]
    fn a_process_is_not_mistaken_for_a_later_one_with_its_id() {
        let own = Identity::of(std::process::id());
        assert!(own.is_alive());
        let earlier = Identity { began: own.began.map(|began| began - 1), ..own };
        assert!(!earlier.is_alive());
    }

    #[test]
    fn marked_processes_are_found_wherever_they_went() {
        let work_id = Uuid::from_u128(0x51_6e_a1);
        let mut child = std::process::Command::new("setsid")
            .args(["sh", "-c", "sleep 1000 & wait"])
            .env(MARK, work_id.to_string())
            .spawn()
            .unwrap();
        let found = (0..1000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            Some(marked(work_id)).filter(|found| found.len() >= 2)
        });
        let found = found.unwrap();
        for pid in &found {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::Signal::SIGKILL)
                .unwrap();
        }
        child.wait().unwrap();
        assert_eq!(children_of(child.id()), Vec::<i32>::new());
    }
}

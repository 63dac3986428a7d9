//! What the agent writes down before it acts, so that after a crash the next process of the same agent finds its runs
//! again, reports each end once, and asks again the question whose answer was lost.
//!
//! One folder per agent, worked in by one process at a time: `agent.json` holds the question that was asked last,
//! `runs/` one file per run from its claim to its release, `output/` is the executor's. Each file is replaced whole:
//! written beside, flushed to the disk, renamed. Secrets of run configs are among it, so nobody else may read it.

mod file;
mod record;

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use signalbox_client::operations::Held;

pub(crate) use file::replace as replace_file;
pub(crate) use record::{Question, RunRecord};

/// Where an agent without a folder of its own keeps its journal: gone with the process.
const TEMPORARY: &str = "signalbox-agent-";

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process works in the folder.
    #[error(
        "another agent{} works in {}; give this one a --name or a --data-dir of its own",
        .holder.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(),
        .folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// The process id of the other agent, if it can be read.
        holder: Option<String>,
    },
    /// The folder cannot be used.
    #[error("the agent cannot keep its journal in {}: {source}", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The journal of one agent. Cheap to clone; the folder stays locked until the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
    /// Deleted with the journal, when nobody named a folder.
    _temporary: Option<tempfile::TempDir>,
}

impl Journal {
    /// Opens the journal in a folder, which is made if need be; `None` is a temporary one.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, JournalError> {
        let failed = |folder: &Path| {
            let folder = folder.to_owned();
            move |source| JournalError::Io { folder, source }
        };
        let temporary = if folder.is_some() {
            None
        } else {
            let made = tempfile::Builder::new().prefix(TEMPORARY).tempdir();
            Some(made.map_err(failed(&std::env::temp_dir()))?)
        };
        let folder = folder.or(temporary.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).map_err(failed(folder))?;
        for part in [folder.clone(), folder.join(RUNS), folder.join(OUTPUT)] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&part).map_err(failed(&folder))?;
        }
        let lock = lock(&folder)?;
        Ok(Self(Arc::new(Inner { folder, _lock: lock, _temporary: temporary })))
    }

    /// Where the executor keeps what its work prints.
    pub(crate) fn output(&self) -> PathBuf {
        self.0.folder.join(OUTPUT)
    }

    /// The question that was asked last, if this agent ever asked one.
    pub(crate) fn question(&self) -> Option<Question> {
        file::read(&self.0.folder.join(QUESTION)).unwrap_or_else(|error| {
            tracing::warn!(%error, "the agent's last question cannot be read; it begins anew");
            None
        })
    }

    /// Writes down what is about to be asked.
    pub(crate) async fn ask(&self, question: &Question) -> io::Result<()> {
        self.write(self.0.folder.join(QUESTION), question).await
    }

    /// The runs that were not released. A file that cannot be read is set aside: its run is left to the server, which
    /// finds it lost.
    pub(crate) fn runs(&self) -> Vec<RunRecord> {
        let Ok(files) = fs::read_dir(self.0.folder.join(RUNS)) else { return Vec::new() };
        let mut runs = Vec::new();
        for file in files.flatten() {
            let path = file.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match file::read::<RunRecord>(&path) {
                Ok(Some(record)) if record.is_understood() => runs.push(record),
                Ok(None) => {}
                Ok(Some(_)) => {
                    tracing::warn!(file = %path.display(), "written by a later version; left alone");
                }
                Err(error) => {
                    tracing::error!(file = %path.display(), %error, "a run's journal cannot be read");
                    let _ = fs::rename(&path, path.with_extension("unreadable"));
                }
            }
        }
        runs
    }

    /// Writes down how a run stands.
    pub(crate) async fn keep(&self, record: &RunRecord) -> io::Result<()> {
        self.write(self.path(record.held()), record).await
    }

    /// Forgets a run: everything has been said about it.
    pub(crate) async fn forget(&self, held: Held) {
        let path = self.path(held);
        let removed = tokio::task::spawn_blocking(move || file::remove(&path)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(flow_run.id = %held.flow_run_id, %error, "a run's journal could not be removed");
        }
    }

    /// A run that is claimed again while its first work is still there has two files.
    fn path(&self, held: Held) -> PathBuf {
        self.0.folder.join(RUNS).join(format!("{}.{}.json", held.flow_run_id, held.lease_token))
    }

    async fn write<T: serde::Serialize>(&self, path: PathBuf, content: &T) -> io::Result<()> {
        let text = serde_json::to_vec(content)?;
        // The folder stays locked and there for as long as somebody writes.
        let journal = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let written = file::replace(&path, &text);
            drop(journal);
            written
        });
        written.await.unwrap_or_else(|_| Err(io::Error::other("the writer was ended")))
    }
}

const QUESTION: &str = "agent.json";
const RUNS: &str = "runs";
const OUTPUT: &str = "output";
const LOCK: &str = "lock";

fn lock(folder: &Path) -> Result<File, JournalError> {
    let failed = |source| JournalError::Io { folder: folder.to_owned(), source };
    let path = folder.join(LOCK);
    let mut lock = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = lock.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = read.then(|| holder.trim().to_owned());
            return Err(JournalError::Locked { folder: folder.to_owned(), holder });
        }
        Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
    }
    // For people who wonder who it is; the lock itself is the system's and ends with the process.
    lock.set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn record(number: u128) -> RunRecord {
        let claimed = json!({
            "flow_run_id": Uuid::from_u128(number), "flow_id": Uuid::from_u128(2),
            "lease_token": Uuid::from_u128(number + 10), "version": 2,
            "run_config": {"type": "UniversalRun", "env": {"A": "b"}},
        });
        RunRecord::new(serde_json::from_value(claimed).unwrap())
    }

    #[tokio::test]
    async fn what_is_written_is_found_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let question =
            Question { version: 1, process_id: Uuid::from_u128(1), number: 7, claim_id: Uuid::from_u128(8) };
        {
            let journal = Journal::open(Some(folder.path())).unwrap();
            assert_eq!((journal.question(), journal.runs().len()), (None, 0));
            journal.ask(&question).await.unwrap();
            journal.keep(&record(1)).await.unwrap();
            journal.keep(&record(2)).await.unwrap();
            journal.forget(record(2).held()).await;
        }
        let journal = Journal::open(Some(folder.path())).unwrap();
        assert_eq!(journal.question(), Some(question));
        let runs = journal.runs();
        assert_eq!(runs.len(), 1);
        assert_eq!(serde_json::to_value(&runs[0]).unwrap(), serde_json::to_value(record(1)).unwrap());
    }

    #[tokio::test]
    async fn one_process_works_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(Some(folder.path())).unwrap();
        let error = Journal::open(Some(folder.path())).unwrap_err().to_string();
        let own = format!("(process {})", std::process::id());
        assert!(error.contains(&own) && error.contains("--data-dir"), "{error}");
        drop(journal);
        Journal::open(Some(folder.path())).unwrap();
    }

    #[tokio::test]
    async fn a_broken_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(Some(folder.path())).unwrap();
        journal.keep(&record(1)).await.unwrap();
        let broken = folder.path().join(RUNS).join("x.json");
        fs::write(&broken, "{\"version\": 1, \"cla").unwrap();
        fs::write(folder.path().join(QUESTION), "").unwrap();
        assert_eq!((journal.runs().len(), journal.question()), (1, None));
        assert!(!broken.exists() && broken.with_extension("unreadable").exists());
    }

    #[tokio::test]
    async fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("agents/mine");
        let journal = Journal::open(Some(&folder)).unwrap();
        journal.keep(&record(1)).await.unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let file = journal.path(record(1).held());
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

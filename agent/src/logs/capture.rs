//! The output of one process: kept in a file, not a pipe, so that a run outlives its agent without losing its standard
//! output; cut when it grows, because only its end is ever of interest.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The file is emptied when it is longer than this; nobody reads the beginning.
const LONGEST: u64 = 8 * 1024 * 1024;
/// How much of the end is offered as the cause of a crash, in characters.
const TAIL_CHARS: usize = 2_000;
const CHUNK: usize = 64 * 1024;
/// Beside the file, how far it has been shown.
const SHOWN: &str = "shown";

/// Where one process prints to.
#[derive(Debug)]
pub(crate) struct Capture {
    path: PathBuf,
    file: File,
    /// How far the file has been shown.
    shown: AtomicU64,
}

impl Capture {
    /// An empty file, readable by its owner only.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        // Appending is what makes emptying the file safe while the process writes.
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        file.set_len(0)?;
        Ok(Self { path, file, shown: AtomicU64::new(0) })
    }

    /// The file of a process that an earlier process of this agent started: shown from where that one had come to.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        let shown = std::fs::read_to_string(path.with_extension(SHOWN))
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let shown = AtomicU64::new(shown.unwrap_or(0).min(file.metadata()?.len()));
        Ok(Self { path, file, shown })
    }

    /// An end for the process to write to.
    pub(crate) fn writer(&self) -> io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }

    /// Shows what is new, if wished, and keeps the file small. Failures are ignored: output is a help, not the work.
    pub(crate) async fn look_after(this: &Arc<Self>, show: bool) {
        let this = Arc::clone(this);
        let _ = tokio::task::spawn_blocking(move || {
            if show { this.show().and_then(|()| this.trim()) } else { this.trim() }
        })
        .await;
    }

    /// The last characters of the output, trimmed.
    pub(crate) async fn tail(this: &Arc<Self>) -> String {
        let this = Arc::clone(this);
        tokio::task::spawn_blocking(move || this.read_tail().unwrap_or_default()).await.unwrap_or_default()
    }

    /// Deletes the file.
    pub(crate) async fn remove(this: &Arc<Self>) {
        let this = Arc::clone(this);
        let _ = tokio::task::spawn_blocking(move || {
            let _ = std::fs::remove_file(this.path.with_extension(SHOWN));
            std::fs::remove_file(&this.path)
        })
        .await;
    }

    fn show(&self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let from = self.shown.load(Ordering::Relaxed);
            let count = self.file.read_at(&mut chunk, from)?;
            if count == 0 {
                return Ok(());
            }
            let mut out = io::stdout().lock();
            out.write_all(&chunk[..count])?;
            out.flush()?;
            self.note_shown(from + count as u64);
        }
    }

    /// Also for a process of this agent that comes after us. Only what is shown is noted: without, nothing is read.
    fn note_shown(&self, shown: u64) {
        self.shown.store(shown, Ordering::Relaxed);
        let _ = std::fs::write(self.path.with_extension(SHOWN), shown.to_string());
    }

    fn trim(&self) -> io::Result<()> {
        if self.file.metadata()?.len() > LONGEST {
            self.file.set_len(0)?;
            self.note_shown(0);
        }
        Ok(())
    }

    fn read_tail(&self) -> io::Result<String> {
        // A character takes at most four bytes.
        let wanted = (TAIL_CHARS * 4) as u64;
        let length = self.file.metadata()?.len();
        let mut bytes = vec![0; usize::try_from(wanted.min(length)).unwrap_or(0)];
        let count = self.file.read_at(&mut bytes, length.saturating_sub(wanted))?;
        let text = String::from_utf8_lossy(&bytes[..count]);
        let text = text.trim();
        let skip = text.chars().count().saturating_sub(TAIL_CHARS);
        Ok(text.chars().skip(skip).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_tail_is_bounded_in_characters_and_keeps_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let capture = Arc::new(Capture::create(directory.path().join("run.log")).unwrap());
        assert_eq!(Capture::tail(&capture).await, "");
        (&capture.file).write_all("ü".repeat(5_000).as_bytes()).unwrap();
        (&capture.file).write_all(b" the end\n\n").unwrap();
        let tail = Capture::tail(&capture).await;
        assert_eq!(tail.chars().count(), TAIL_CHARS);
        assert!(tail.ends_with("ü the end"), "{tail}");
    }

    #[tokio::test]
    async fn a_long_file_is_emptied_and_written_on() {
        let directory = tempfile::tempdir().unwrap();
        let capture = Arc::new(Capture::create(directory.path().join("run.log")).unwrap());
        capture.file.set_len(LONGEST + 1).unwrap();
        Capture::look_after(&capture, false).await;
        assert_eq!(capture.file.metadata().unwrap().len(), 0);
        (&capture.file).write_all(b"after").unwrap();
        assert_eq!(Capture::tail(&capture).await, "after");
    }
}

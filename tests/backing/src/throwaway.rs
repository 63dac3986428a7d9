//! Servers of others that tests start for themselves (`scripts/throwaway/`). They end with the pipe to their standard
//! input, so none outlives the process that wanted it, however that ends.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A running server.
#[derive(Debug)]
pub(crate) struct Throwaway {
    /// Where it is.
    pub(crate) url: String,
    child: Child,
    leash: Option<ChildStdin>,
}

impl Throwaway {
    /// Starts the server of this script.
    ///
    /// # Panics
    /// When it does not say where it is; what it says instead is on standard error.
    pub(crate) fn start(script: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/throwaway").join(script);
        let mut child = Command::new(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", path.display()));
        let leash = child.stdin.take();
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut url = String::new();
        BufReader::new(stdout).read_line(&mut url).expect("a script's output is text");
        assert!(url.ends_with('\n'), "{} started no server", path.display());
        Self { url: url.trim().to_owned(), child, leash }
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.child.wait();
    }
}

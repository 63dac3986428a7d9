//! Finding the `signalbox` binary that is tested: the one `SIGNALBOX_BINARY` names, or a debug build made now.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The binary's path. Built at most once per process; cargo's own lock keeps concurrent processes apart.
///
/// # Panics
/// When it cannot be built: no test could say anything then.
pub fn signalbox() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("SIGNALBOX_BINARY") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// The workspace's root folder.
///
/// # Panics
/// Never: this crate lies in a folder of the workspace.
pub fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map(PathBuf::from).expect("the tests' crate lies in a folder of the workspace")
}

fn build() -> PathBuf {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // The whole workspace's features, as the tests themselves were built with: nothing is compiled twice.
        .args(["build", "-q", "--workspace", "--bin", "signalbox", "--message-format=json"])
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs these tests, so it can be run");
    assert!(output.status.success(), "`cargo build --bin signalbox` failed");
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .find(|path| path.file_stem().is_some_and(|stem| stem == "signalbox"));
    built.expect("the workspace has a binary called signalbox")
}

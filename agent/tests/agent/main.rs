//! The agent through its front door: a real agent against a server that keeps the wire contract and checks what it is
//! sent, first with a scripted executor, then with real processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod failures;
mod fake_server;
mod lifecycle;
mod orders;
mod processes;
mod restart;
mod scripted;
mod shutdown;
mod started;

use std::time::Duration;

/// Longest time anything that must happen may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

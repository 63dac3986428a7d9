//! Where runs execute: one file per backend behind one trait. An executor starts, watches and stops; it never talks to
//! the API and decides nothing about states.

pub mod handle;
pub mod local;

use std::{collections::BTreeMap, fmt, io, path::Path, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use signalbox_schema::FlowRunId;
use uuid::Uuid;

pub use handle::Handle;

/// A backend runs execute on. All methods may be called for many runs at the same time.
#[async_trait]
pub trait Executor: Send + Sync + 'static {
    /// What it can do; constant.
    fn capabilities(&self) -> Capabilities;

    /// Says where on this machine the executor may keep what its work prints and leaves; called once, first. Made for
    /// executors that have no such place of their own.
    fn keep_output_in(&self, folder: &Path) {
        let _ = folder;
    }

    /// Whether runs can be started at all; called once, before the agent registers.
    async fn probe(&self) -> Result<(), ExecutorError>;

    /// Starts a run. The handle is written down by the keeper before the work begins, so that it can be found again
    /// whatever happens; when this returns, the work exists.
    async fn start(&self, launch: Launch, keeper: &dyn Keeper) -> Result<Handle, ExecutorError>;

    /// Waits until the work has ended. May be called again and answers the same.
    async fn wait(&self, handle: &Handle) -> Result<Exit, ExecutorError>;

    /// Ends the work: softly at first, by force after `grace`, and returns when all of it is gone. Work that has ended
    /// already is no error. May be called while [`wait`](Self::wait) waits, and again with a shorter grace.
    async fn stop(&self, handle: &Handle, grace: Duration) -> Result<(), ExecutorError>;

    /// Finds work started by an earlier process of this agent; it is then known to all other methods. Work that has
    /// ended meanwhile is found, too.
    async fn reattach(&self, handle: &Handle) -> Result<Found, ExecutorError>;

    /// Removes what the work left on the backend; the handle is of no use afterwards.
    async fn cleanup(&self, handle: &Handle);
}

/// Writes handles down.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Writes a handle down; when this returns, it is found after a crash.
    async fn keep(&self, handle: &Handle) -> io::Result<()>;
}

/// What is behind a handle of an earlier process of this agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Work that began, and may have ended since.
    Begun,
    /// None: the agent went down after it had written the handle and before the work began.
    NeverBegan,
}

/// What an executor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Agent type in Prefect's names, for example `LocalAgent`.
    pub agent_type: &'static str,
    /// The run config it understands besides `UniversalRun`, for example `LocalRun`.
    pub run_config: &'static str,
    /// Whether it can execute flows of `Docker` storage.
    pub docker_storage: bool,
    /// Whether [`Executor::reattach`] finds work after a restart of the agent.
    pub reattach: bool,
}

/// Everything an executor needs to start one run.
#[derive(Clone)]
pub struct Launch {
    /// The run.
    pub flow_run_id: FlowRunId,
    /// Names this very work: a run that is started again is other work.
    pub work_id: Uuid,
    /// Variables for where the backend's own environment says nothing.
    pub default_env: BTreeMap<String, String>,
    /// Variables that win over the backend's own environment; `None` removes one from it.
    pub env: BTreeMap<String, Option<String>>,
    /// The run config, for what is particular to the backend; `Null` when the run has none.
    pub run_config: Value,
}

impl fmt::Debug for Launch {
    /// Leaves the values of the environment out: they hold the API key and users' secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("flow_run_id", &self.flow_run_id)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

/// How work ended, as its backend saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Code or signal.
    pub status: ExitStatus,
    /// The end of what the work printed; user data, never to be logged by the agent itself.
    pub output_tail: String,
}

/// The end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It ended by itself with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The machine was restarted under it.
    Restart,
    /// The backend does not say.
    Unknown,
}

impl fmt::Display for ExitStatus {
    /// A clause that continues "the flow-run process …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(f, "was killed by signal {signal} ({number})"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
            Self::Restart => f.write_str("ended when the machine was restarted"),
            Self::Unknown => f.write_str("ended in a way the system does not tell"),
        }
    }
}

/// Why an executor could not do what it was asked. Messages are shown to the user of the run.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The backend cannot start any run; says what to do about it.
    #[error("{0}")]
    Unusable(String),
    /// This run asks for something the backend cannot do.
    #[error("{0}")]
    Refused(String),
    /// Starting failed.
    #[error("the flow-run process could not be started: {0}")]
    Start(#[source] std::io::Error),
    /// The handle leads nowhere.
    #[error("the work of flow run {0} is not known to this executor")]
    Unknown(FlowRunId),
}

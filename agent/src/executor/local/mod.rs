//! Runs as processes of this machine, each in a process group of its own so that it can be ended whole.

mod command;
mod group;

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt, io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use signalbox_schema::FlowRunId;
use tokio::{process::Command, sync::watch, time::Instant};

pub use self::command::PrefectCommand;
use self::{command::Program, group::ProcessGroup};
use super::{Capabilities, Executor, ExecutorError, Exit, ExitStatus, Handle, Launch, handle};
use crate::logs::Capture;

const NAME: &str = "local";
/// How often a running process's output is looked at: to show it, or only to keep it small.
const SHOW_EVERY: Duration = Duration::from_millis(200);
const TRIM_EVERY: Duration = Duration::from_secs(2);

/// What is particular to starting runs on this machine.
#[derive(Debug, Clone, Default)]
pub struct LocalConfig {
    /// How `prefect` is called.
    pub command: PrefectCommand,
    /// Directories put on `PYTHONPATH` so that flows can import from them.
    pub import_paths: Vec<PathBuf>,
    /// Print what runs print.
    pub show_flow_logs: bool,
    /// Where the output of running processes is kept; `None` is a fresh temporary directory.
    pub output_dir: Option<PathBuf>,
}

/// The executor of `signalbox agent start local`.
pub struct Local {
    config: LocalConfig,
    program: OnceLock<Program>,
    output: OutputDir,
    processes: Mutex<HashMap<FlowRunId, Arc<Process>>>,
}

/// Kept for as long as processes may write into it.
enum OutputDir {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

struct Process {
    group: ProcessGroup,
    /// Set as soon as the leader was collected: from then on its process id may be somebody else's.
    collected: AtomicBool,
    capture: Arc<Capture>,
    ended: watch::Receiver<Option<Exit>>,
}

impl Local {
    /// Prepares the executor.
    ///
    /// # Errors
    /// When the directory for output cannot be made.
    pub fn new(config: LocalConfig) -> io::Result<Self> {
        let output = match &config.output_dir {
            Some(path) => {
                std::fs::create_dir_all(path)?;
                OutputDir::Given(path.clone())
            }
            // Made with mode 0700: output is its owner's.
            None => OutputDir::Own(tempfile::Builder::new().prefix("signalbox-agent-").tempdir()?),
        };
        Ok(Self { config, program: OnceLock::new(), output, processes: Mutex::default() })
    }

    fn program(&self) -> Result<&Program, ExecutorError> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let found = self.config.command.find().map_err(ExecutorError::Unusable)?;
        Ok(self.program.get_or_init(|| found))
    }

    fn process(&self, handle: &Handle) -> Result<Arc<Process>, ExecutorError> {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.get(&handle.flow_run_id).cloned().ok_or(ExecutorError::Unknown(handle.flow_run_id))
    }

    /// `PYTHONPATH` as Prefect's own agent builds it: where the run works, what the agent inherited, what it was given.
    fn python_path(&self, working_dir: Option<&Path>) -> OsString {
        let mut entries = vec![match working_dir {
            Some(path) => path.as_os_str().to_owned(),
            None => std::env::current_dir().map(OsString::from).unwrap_or_default(),
        }];
        entries.extend(std::env::var_os("PYTHONPATH").filter(|inherited| !inherited.is_empty()));
        entries.extend(self.config.import_paths.iter().map(OsString::from));
        entries.join(std::ffi::OsStr::new(":"))
    }

    fn command(&self, launch: &Launch) -> Result<Command, ExecutorError> {
        let working_dir = working_dir(&launch.run_config)?;
        let program = self.program()?;
        let mut command = Command::new(&program.path);
        command.args(program.arguments).args(["execute", "flow-run"]);
        command.stdin(Stdio::null()).process_group(0);
        if let Some(path) = &working_dir {
            command.current_dir(path);
        }
        let unset = |name: &&String| std::env::var_os(name).is_none();
        for (name, value) in launch.default_env.iter().filter(|(name, _)| unset(name)) {
            command.env(name, value);
        }
        command.env("PYTHONPATH", self.python_path(working_dir.as_deref()));
        for (name, value) in &launch.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Ok(command)
    }

    fn forget(&self, flow_run_id: FlowRunId) -> Option<Arc<Process>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).remove(&flow_run_id)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("config", &self.config).finish_non_exhaustive()
    }
}

#[async_trait]
impl Executor for Local {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            agent_type: "LocalAgent",
            run_config: "LocalRun",
            docker_storage: false,
            reattach: false,
        }
    }

    async fn probe(&self) -> Result<(), ExecutorError> {
        let program = self.program()?;
        tracing::debug!(program = %program.path.display(), "flow runs are started with this program");
        Ok(())
    }

    async fn start(&self, launch: Launch) -> Result<Handle, ExecutorError> {
        let flow_run_id = launch.flow_run_id;
        let mut command = self.command(&launch)?;
        let directory = match &self.output {
            OutputDir::Own(directory) => directory.path(),
            OutputDir::Given(path) => path,
        };
        let capture = Capture::create(directory.join(format!("{flow_run_id}.log")));
        let capture = Arc::new(capture.map_err(ExecutorError::Start)?);
        command.stdout(capture.writer().map_err(ExecutorError::Start)?);
        command.stderr(capture.writer().map_err(ExecutorError::Start)?);
        let mut child = command.spawn().map_err(ExecutorError::Start)?;
        let pid = child.id().expect("a child that was not waited for has its id");
        let group = ProcessGroup::led_by(pid);
        let (tell, ended) = watch::channel(None);
        let process = Arc::new(Process {
            group,
            collected: AtomicBool::new(false),
            capture: Arc::clone(&capture),
            ended,
        });
        let watched = Arc::clone(&process);
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).insert(flow_run_id, process);

        let show = self.config.show_flow_logs;
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(if show { SHOW_EVERY } else { TRIM_EVERY });
            let status = loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = tick.tick() => Capture::look_after(&capture, show).await,
                }
            };
            watched.collected.store(true, Ordering::Release);
            // What the leader leaves behind has no purpose any more: above all Prefect's heartbeat process, which
            // would go on telling the server that the run lives.
            group.kill_until_gone().await;
            Capture::look_after(&capture, show).await;
            let status = match status {
                Ok(status) => match (status.code(), status.signal()) {
                    (Some(code), _) => ExitStatus::Code(code),
                    (None, Some(signal)) => ExitStatus::Signal(signal),
                    (None, None) => ExitStatus::Unknown,
                },
                Err(_) => ExitStatus::Unknown,
            };
            tell.send_replace(Some(Exit { status, output_tail: Capture::tail(&capture).await }));
        });
        Ok(Handle {
            version: handle::VERSION,
            executor: NAME.into(),
            flow_run_id,
            label: format!("PID: {pid}"),
            reference: json!({ "pid": pid }),
        })
    }

    async fn wait(&self, handle: &Handle) -> Result<Exit, ExecutorError> {
        let mut ended = self.process(handle)?.ended.clone();
        // The sender goes without a word only when its task is torn down with the runtime.
        match ended.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone()) {
            Some(exit) => Ok(exit),
            None => Ok(Exit { status: ExitStatus::Unknown, output_tail: String::new() }),
        }
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> Result<(), ExecutorError> {
        let process = self.process(handle)?;
        let begun = Instant::now();
        let running = || !process.collected.load(Ordering::Acquire);
        if !grace.is_zero() && running() {
            process.group.interrupt_leader();
            let _ = tokio::time::timeout_at(begun + grace / 2, self.wait(handle)).await;
            if running() {
                process.group.signal(Signal::SIGTERM);
                let _ = tokio::time::timeout_at(begun + grace, self.wait(handle)).await;
            }
        }
        if running() {
            process.group.signal(Signal::SIGKILL);
        }
        // What is left of the group when its leader is gone is killed by the task that watches it.
        self.wait(handle).await.map(|_| ())
    }

    async fn reattach(&self, handle: &Handle) -> Result<(), ExecutorError> {
        // A process that is not our child cannot be waited for; only work of this very process is found.
        self.process(handle).map(|_| ())
    }

    async fn cleanup(&self, handle: &Handle) {
        if let Some(process) = self.forget(handle.flow_run_id) {
            Capture::remove(&process.capture).await;
        }
    }
}

fn working_dir(run_config: &Value) -> Result<Option<PathBuf>, ExecutorError> {
    let Some(path) = run_config.get("working_dir").and_then(Value::as_str).filter(|path| !path.is_empty())
    else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    if path.is_dir() {
        return Ok(Some(path));
    }
    Err(ExecutorError::Refused(format!(
        "the run config's working_dir {} is not a directory on the machine of this agent",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_set_removed_and_defaulted() {
        let command = PrefectCommand::Program("sh".into());
        let local = Local::new(LocalConfig { command, ..LocalConfig::default() }).unwrap();
        let launch = Launch {
            flow_run_id: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            // PATH is set in every environment, so its default must not win.
            default_env: [
                ("PATH".into(), "default".into()),
                ("SIGNALBOX_TEST_UNSET".into(), "default".into()),
            ]
            .into(),
            env: [("HOME".into(), None), ("A".into(), Some("b".into()))].into(),
            run_config: json!({"type": "LocalRun"}),
        };
        let command = local.command(&launch).unwrap();
        let env: HashMap<_, _> = command.as_std().get_envs().collect();
        let get = |name: &str| env.get(std::ffi::OsStr::new(name)).copied();
        assert_eq!(get("HOME"), Some(None), "removed");
        assert_eq!(get("A"), Some(Some("b".as_ref())));
        assert_eq!(get("PATH"), None, "inherited");
        assert_eq!(get("SIGNALBOX_TEST_UNSET"), Some(Some("default".as_ref())));
        assert!(get("PYTHONPATH").flatten().is_some());
    }
}

//! Runs as processes of this machine, each with a supervisor of its own (`supervise.rs`) that outlives the agent.
//!
//! Started work is known by an id of its own. Under it are found, in the folder for output: what it prints, which
//! process it is, and how it ended. A restarted agent goes on watching from there.

mod command;
mod supervise;
mod trace;
mod watch;

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdout, Command},
    sync::watch as channel,
    time::Instant,
};
use uuid::Uuid;

pub use self::{command::PrefectCommand, supervise::main_if_asked};
use self::{
    command::Program,
    supervise::{BEGUN, GO},
    trace::{Identity, MARK, Traces, boot_id},
    watch::{Process, Supervisor, end_marked, until_ended},
};
use super::{Capabilities, Executor, ExecutorError, Exit, ExitStatus, Found, Handle, Keeper, Launch, handle};
use crate::logs::Capture;

const NAME: &str = "local";
/// How long a supervisor may take to begin, or to say why it cannot.
const BEGUN_WITHIN: Duration = Duration::from_secs(30);
/// How long a supervisor may take to end what is left, before it is ended itself.
const SWEPT_WITHIN: Duration = Duration::from_secs(10);

/// What is particular to starting runs on this machine.
#[derive(Debug, Clone, Default)]
pub struct LocalConfig {
    /// How `prefect` is called.
    pub command: PrefectCommand,
    /// Directories put on `PYTHONPATH` so that flows can import from them.
    pub import_paths: Vec<PathBuf>,
    /// Print what runs print.
    pub show_flow_logs: bool,
    /// The program that supervises runs; `None` is this very program, which then calls [`main_if_asked`].
    pub supervisor: Option<PathBuf>,
}

/// The executor of `signalbox agent start local`.
pub struct Local {
    config: LocalConfig,
    program: OnceLock<Program>,
    /// Set by the agent before anything is started.
    output: OnceLock<PathBuf>,
    processes: Mutex<HashMap<Uuid, Arc<Process>>>,
}

/// What the executor writes down to find its work again.
#[derive(Debug, Serialize, Deserialize)]
struct Reference {
    work_id: Uuid,
    supervisor: Identity,
    /// Which start of the machine this was.
    boot_id: Option<String>,
}

impl Local {
    /// Prepares the executor.
    pub fn new(config: LocalConfig) -> Self {
        Self { config, program: OnceLock::new(), output: OnceLock::new(), processes: Mutex::default() }
    }

    fn program(&self) -> Result<&Program, ExecutorError> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let found = self.config.command.find().map_err(ExecutorError::Unusable)?;
        Ok(self.program.get_or_init(|| found))
    }

    /// This program, even when a newer one has taken its place on the disk.
    fn supervisor(&self) -> PathBuf {
        let own = || {
            let running = PathBuf::from("/proc/self/exe");
            if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
        };
        self.config.supervisor.clone().unwrap_or_else(own)
    }

    fn traces(&self, work_id: Uuid) -> Result<Traces, ExecutorError> {
        let folder =
            self.output.get().ok_or_else(|| ExecutorError::Unusable("no folder for output".into()))?;
        Ok(Traces::of(folder, work_id))
    }

    fn process(&self, handle: &Handle) -> Result<Arc<Process>, ExecutorError> {
        let unknown = ExecutorError::Unknown(handle.flow_run_id);
        let Ok(reference) = Reference::of(handle) else { return Err(unknown) };
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.get(&reference.work_id).cloned().ok_or(unknown)
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

    fn command(&self, launch: &Launch, traces: &Traces) -> Result<Command, ExecutorError> {
        let working_dir = working_dir(&launch.run_config)?;
        let program = self.program()?;
        let mut command = Command::new(self.supervisor());
        command.args(supervise::arguments(traces)).arg(&program.path);
        command.args(program.arguments).args(["execute", "flow-run"]);
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
        command.env(MARK, launch.work_id.to_string());
        Ok(command)
    }

    /// Watches work until it has ended, in the background.
    fn watch(&self, found: Process, supervisor: Supervisor, tell: channel::Sender<Option<Exit>>) {
        let process = Arc::new(found);
        let watched = Arc::clone(&process);
        let show = self.config.show_flow_logs;
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).insert(process.work_id, process);
        tokio::spawn(async move { until_ended(&watched, supervisor, show, tell).await });
    }

    fn forget(&self, handle: &Handle) -> Option<Arc<Process>> {
        let reference = Reference::of(handle).ok()?;
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).remove(&reference.work_id)
    }
}

impl Reference {
    fn of(handle: &Handle) -> serde_json::Result<Self> {
        serde_json::from_value(handle.reference.clone())
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
            reattach: cfg!(target_os = "linux"),
        }
    }

    fn keep_output_in(&self, folder: &Path) {
        // Called once; a second folder would leave work in the first.
        let _ = self.output.set(folder.to_owned());
    }

    async fn probe(&self) -> Result<(), ExecutorError> {
        let program = self.program()?;
        tracing::debug!(program = %program.path.display(), "flow runs are started with this program");
        Ok(())
    }

    async fn start(&self, launch: Launch, keeper: &dyn Keeper) -> Result<Handle, ExecutorError> {
        let traces = self.traces(launch.work_id)?;
        let mut command = self.command(&launch, &traces)?;
        let capture = Arc::new(Capture::create(traces.output()).map_err(ExecutorError::Start)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(capture.writer().map_err(ExecutorError::Start)?);
        let mut child = command.spawn().map_err(ExecutorError::Start)?;
        let supervisor = Identity::of(child.id().expect("a child that was not waited for has its id"));
        let reference = Reference { work_id: launch.work_id, supervisor, boot_id: boot_id() };
        let mut handle = Handle {
            version: handle::VERSION,
            executor: NAME.into(),
            flow_run_id: launch.flow_run_id,
            label: format!("PID: {}", supervisor.pid),
            reference: serde_json::to_value(&reference).expect("a reference is plain JSON"),
        };
        let (Some(mut word), Some(said)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ExecutorError::Start(io::Error::other("the supervisor has no pipes")));
        };
        // Written down before it begins; without the word it ends and has done nothing.
        keeper.keep(&handle).await.map_err(ExecutorError::Start)?;
        let begin = async {
            word.write_all(format!("{GO}\n").as_bytes()).await?;
            drop(word);
            begun(said).await
        };
        let leader = match tokio::time::timeout(BEGUN_WITHIN, begin).await {
            Ok(Ok(leader)) => leader,
            Ok(Err(error)) => return Err(ExecutorError::Start(error)),
            Err(_) => {
                end_marked(launch.work_id).await;
                return Err(ExecutorError::Start(io::Error::other("the supervisor did not begin in time")));
            }
        };
        handle.label = format!("PID: {}", leader.pid);
        let (tell, ended) = channel::channel(None);
        let process = Process { work_id: launch.work_id, supervisor, leader, traces, capture, ended };
        self.watch(process, Supervisor::Child(Box::new(child)), tell);
        Ok(handle)
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
        if !grace.is_zero() && process.is_running() {
            process.interrupt();
            let _ = tokio::time::timeout_at(begun + grace / 2, self.wait(handle)).await;
            if process.is_running() {
                process.signal_group(Signal::SIGTERM);
                let _ = tokio::time::timeout_at(begun + grace, self.wait(handle)).await;
            }
        }
        process.signal_group(Signal::SIGKILL);
        // What is left when the leader is gone, in whatever session, is killed by its supervisor.
        if tokio::time::timeout(SWEPT_WITHIN, self.wait(handle)).await.is_err() {
            tracing::warn!(pid = process.supervisor.pid, "a supervisor does not end; it is ended");
            end_marked(process.work_id).await;
        }
        self.wait(handle).await.map(|_| ())
    }

    async fn reattach(&self, handle: &Handle) -> Result<Found, ExecutorError> {
        let lost = ExecutorError::Unknown(handle.flow_run_id);
        let Ok(reference) = Reference::of(handle) else { return Err(lost) };
        let traces = self.traces(reference.work_id)?;
        let same_boot = reference.boot_id == boot_id();
        let supervisor = reference.supervisor;
        let leader = loop {
            match traces.read_begun() {
                Some(leader) => break leader,
                // It had no word to begin, or the machine went down before it did.
                None if !same_boot || !supervisor.is_alive() => return Ok(Found::NeverBegan),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let capture = Arc::new(Capture::open(traces.output()).map_err(ExecutorError::Start)?);
        let (tell, ended) = channel::channel(None);
        let process = Process { work_id: reference.work_id, supervisor, leader, traces, capture, ended };
        if !same_boot && process.traces.read_ended().is_none() {
            let exit =
                Exit { status: ExitStatus::Restart, output_tail: Capture::tail(&process.capture).await };
            tell.send_replace(Some(exit));
            self.processes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(process.work_id, Arc::new(process));
            return Ok(Found::Begun);
        }
        self.watch(process, Supervisor::Found(supervisor), tell);
        Ok(Found::Begun)
    }

    async fn cleanup(&self, handle: &Handle) {
        if let Some(process) = self.forget(handle) {
            Capture::remove(&process.capture).await;
            process.traces.remove();
        }
    }
}

/// Reads what the supervisor says: which process it began, or why it did not.
async fn begun(said: ChildStdout) -> io::Result<Identity> {
    let mut said = BufReader::new(said);
    let mut line = String::new();
    said.read_line(&mut line).await?;
    if let Some(identity) = line.trim_end().strip_prefix(BEGUN) {
        return Ok(serde_json::from_str(identity)?);
    }
    said.read_to_string(&mut line).await?;
    let reason = line.trim();
    Err(io::Error::other(if reason.is_empty() { "its supervisor ended without a word" } else { reason }))
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
    use serde_json::json;

    #[test]
    fn variables_are_set_removed_and_defaulted() {
        let command = PrefectCommand::Program("sh".into());
        let local = Local::new(LocalConfig { command, ..LocalConfig::default() });
        local.keep_output_in(Path::new("/nowhere"));
        let launch = Launch {
            flow_run_id: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            work_id: Uuid::from_u128(7),
            // PATH is set in every environment, so its default must not win.
            default_env: [
                ("PATH".into(), "default".into()),
                ("SIGNALBOX_TEST_UNSET".into(), "default".into()),
            ]
            .into(),
            env: [("HOME".into(), None), ("A".into(), Some("b".into()))].into(),
            run_config: json!({"type": "LocalRun"}),
        };
        let command = local.command(&launch, &local.traces(launch.work_id).unwrap()).unwrap();
        let env: HashMap<_, _> = command.as_std().get_envs().collect();
        let get = |name: &str| env.get(std::ffi::OsStr::new(name)).copied();
        assert_eq!(get("HOME"), Some(None), "removed");
        assert_eq!(get("A"), Some(Some("b".as_ref())));
        assert_eq!(get("PATH"), None, "inherited");
        assert_eq!(get("SIGNALBOX_TEST_UNSET"), Some(Some("default".as_ref())));
        assert_eq!(get(MARK), Some(Some(launch.work_id.to_string().as_ref())));
        assert!(get("PYTHONPATH").flatten().is_some());
    }
}

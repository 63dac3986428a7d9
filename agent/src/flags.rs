//! The command-line flags of `agent start local`, shared by the `signalbox` and `signalbox-agent` binaries.
//! Connection flags (`--api`, `--key`) differ between the two and are theirs.

use std::{path::PathBuf, time::Duration};

use etcetera::BaseStrategy;
use signalbox_client::ClientConfig;
use signalbox_schema::LabelSet;

use crate::{
    AgentConfig,
    executor::local::{LocalConfig, PrefectCommand},
};

/// Flags of an agent that starts runs as processes of this machine.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch of the command line")]
pub struct LocalFlags {
    /// Name of the agent, shown to people [default: agent on this host]
    #[arg(long, short = 'n')]
    pub name: Option<String>,

    /// A label whose runs this agent takes; may be repeated
    #[arg(long = "label", short = 'l', value_name = "LABEL")]
    pub labels: Vec<String>,

    /// Do not add the host name to the labels
    #[arg(long)]
    pub no_hostname_label: bool,

    /// Most runs at the same time [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,

    /// Execute one run, then exit: 0 when it ended well, 1 when not
    #[arg(long)]
    pub once: bool,

    /// Seconds a cancelled run has to end by itself before it is killed
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub grace: Duration,

    /// Seconds running runs have to end after the agent is asked to stop [default: as long as they need]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub drain_timeout: Option<Duration>,

    /// An environment variable for every run, KEY=VALUE; may be repeated
    #[arg(long = "env", short = 'e', value_name = "KEY=VALUE", value_parser = assignment)]
    pub env: Vec<(String, String)>,

    /// A directory flows may import modules from; may be repeated
    #[arg(long = "import-path", short = 'p', value_name = "PATH")]
    pub import_paths: Vec<PathBuf>,

    /// Folder of the agent's journal, by which it finds its runs again after a crash; one agent works in it
    /// [default: a folder named after the agent, in the data directory]
    #[arg(
        id = "agent_data_dir",
        long = "agent-data-dir",
        value_name = "FOLDER",
        env = "SIGNALBOX_AGENT_DATA_DIR"
    )]
    pub agent_data_dir: Option<PathBuf>,

    /// Print what the runs print
    #[arg(long, short = 'f')]
    pub show_flow_logs: bool,

    /// Do not send the runs' log lines to the API
    #[arg(long)]
    pub no_cloud_logs: bool,

    /// Level of the runs' own logging, for example DEBUG
    #[arg(long, value_name = "LEVEL")]
    pub flow_log_level: Option<String>,

    /// The prefect program to start runs with [default: prefect on PATH]
    #[arg(long, value_name = "PROGRAM", env = "SIGNALBOX_PREFECT_COMMAND", conflicts_with = "python")]
    pub prefect_command: Option<PathBuf>,

    /// The Python interpreter that has prefect installed
    #[arg(long, value_name = "PROGRAM", env = "SIGNALBOX_PYTHON")]
    pub python: Option<PathBuf>,
}

impl LocalFlags {
    /// The settings these flags mean, for the given connection.
    ///
    /// # Errors
    /// A sentence for the user when a label cannot be used.
    pub fn into_config(self, client: ClientConfig) -> Result<(AgentConfig, LocalConfig), String> {
        let hostname = hostname();
        let mut labels = self.labels;
        if let (false, Some(hostname)) = (self.no_hostname_label, &hostname) {
            labels.push(hostname.clone());
        }
        let labels = LabelSet::new(labels).map_err(|error| error.to_string())?;
        let default_name =
            || hostname.as_ref().map_or_else(|| "agent".into(), |host| format!("agent on {host}"));
        let name = self.name.unwrap_or_else(default_name);
        let data_dir = self.agent_data_dir.or_else(|| default_data_dir(&name));
        let agent = AgentConfig {
            name,
            data_dir,
            labels,
            limit: self.limit,
            once: self.once,
            grace: self.grace,
            drain_timeout: self.drain_timeout,
            env: self.env.into_iter().collect(),
            flow_log_level: self.flow_log_level,
            send_flow_logs: !self.no_cloud_logs,
            ..AgentConfig::new(client)
        };
        let command = match (self.prefect_command, self.python) {
            (Some(program), _) => PrefectCommand::Program(program),
            (None, Some(python)) => PrefectCommand::Python(python),
            (None, None) => PrefectCommand::OnPath,
        };
        let local = LocalConfig {
            command,
            import_paths: self.import_paths,
            show_flow_logs: self.show_flow_logs,
            ..LocalConfig::default()
        };
        Ok((agent, local))
    }
}

/// This machine's name, which Prefect's `Local` storage puts on flows as a label.
pub fn hostname() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok().filter(|name| !name.is_empty())
}

/// A folder of the agent's own in the data directory of everything; `None` when there is no home directory.
fn default_data_dir(name: &str) -> Option<PathBuf> {
    let set = std::env::var_os("SIGNALBOX_DATA_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    let platform = || Some(etcetera::choose_base_strategy().ok()?.data_dir().join("signalbox"));
    Some(set.or_else(platform)?.join("agents").join(folder_name(name)))
}

/// A name as a folder's: what is not a letter, a digit or a dash becomes one; names that differ only in the rest are
/// told apart by a number.
fn folder_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let folder: String = name.chars().take(80).map(plain).collect();
    if folder == name {
        return folder;
    }
    // FNV-1a: the same in every version, for the folder must be found again.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{folder}-{hash:08x}")
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("'{text}' is not a number of seconds, e.g. 10 or 0.5"))
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !text.contains('\0') => Ok((key.into(), value.into())),
        _ => Err(format!("'{text}' is not of the form KEY=VALUE")),
    }
}

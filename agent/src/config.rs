//! What an agent needs to know, whichever backend it starts runs on. Reading flags and the environment is done in
//! `flags`; what only one backend needs is in its executor's own config.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use signalbox_client::ClientConfig;
use signalbox_schema::LabelSet;

/// Settings of one agent.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// The API to work for; runs are given the same address and key.
    pub client: ClientConfig,
    /// Name shown to people and put on the log lines the agent writes.
    pub name: String,
    /// Labels whose runs the agent takes.
    pub labels: LabelSet,
    /// Most runs at the same time; `None` is no limit.
    pub limit: Option<u32>,
    /// Execute one run and then end with its outcome.
    pub once: bool,
    /// Time a cancelled run has to end by itself before it is killed.
    pub grace: Duration,
    /// Time running runs have to end once the agent is asked to stop; `None` waits for them.
    pub drain_timeout: Option<Duration>,
    /// Environment of every run; a run config's own `env` wins over it.
    pub env: BTreeMap<String, String>,
    /// Level of the runs' own logging, `None` leaves it to their environment.
    pub flow_log_level: Option<String>,
    /// Whether runs send their log lines to the API.
    pub send_flow_logs: bool,
    /// The folder of the agent's journal, its own; `None` is a temporary one, so that nothing is found after a crash.
    pub data_dir: Option<PathBuf>,
}

impl AgentConfig {
    /// The defaults: no labels, no limit, 10 s of grace, logs sent.
    pub fn new(client: ClientConfig) -> Self {
        Self {
            client,
            name: "agent".into(),
            labels: LabelSet::default(),
            limit: None,
            once: false,
            grace: Duration::from_secs(10),
            drain_timeout: None,
            env: BTreeMap::new(),
            flow_log_level: None,
            send_flow_logs: true,
            data_dir: None,
        }
    }
}

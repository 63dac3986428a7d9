//! A running agent and the handle to stop it.

use signalbox_agent::{Agent, AgentConfig, AgentError, Outcome, Shutdown, executor::Executor};
use signalbox_client::ClientConfig;
use signalbox_schema::LabelSet;
use tokio::{sync::watch, task::JoinHandle};

use crate::{SOON, fake_server::FakeServer};

pub(crate) struct Started {
    shutdown: watch::Sender<Shutdown>,
    task: JoinHandle<Result<Outcome, AgentError>>,
    server: FakeServer,
}

pub(crate) fn config(server: &FakeServer) -> AgentConfig {
    let mut client = ClientConfig::new(server.url.clone());
    // What is lost when a request fails for good is the agent's own affair, not the transport's.
    client.retries = 0;
    let mut config = AgentConfig::new(client);
    config.name = "tester".into();
    config.labels = LabelSet::new(["eu"]).unwrap();
    config
}

pub(crate) fn start(server: &FakeServer, config: AgentConfig, executor: impl Executor) -> Started {
    let (shutdown, asked) = watch::channel(Shutdown::No);
    let task = tokio::spawn(Agent::new(config, executor).run(asked));
    Started { shutdown, task, server: server.clone() }
}

impl Started {
    pub(crate) fn ask(&self, shutdown: Shutdown) {
        self.shutdown.send_replace(shutdown);
    }

    /// Waits for the agent's own end, which every test reaches, and checks that the server had nothing to complain of.
    pub(crate) async fn ended(self) -> Result<Outcome, AgentError> {
        let outcome = tokio::time::timeout(SOON, self.task).await.expect("the agent ends").unwrap();
        assert_eq!(self.server.complaints(), Vec::<String>::new());
        outcome
    }

    pub(crate) async fn drained(self) -> Outcome {
        self.ask(Shutdown::Drain);
        self.ended().await.unwrap()
    }
}

//! `signalbox dev`: server and local agents in one process, on SQLite.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use signalbox_agent::executor::Executor;
use signalbox_agent::executor::local::{Local, LocalConfig};
use signalbox_agent::flags::{LocalFlags, hostname};
use signalbox_agent::{Agent, AgentConfig, Shutdown, on_signals};
use signalbox_client::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use super::server::flags::ServerFlags;
use super::server::start::{configure, launch, listening};
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::screen;

/// Time running runs have to end after Ctrl-C, unless `--drain-timeout` says otherwise.
const DRAIN: Duration = Duration::from_secs(10);

/// Server and local agents in one process
#[derive(Debug, Args)]
#[command(
    mut_arg("once", |argument| argument.hide(true)),
    mut_arg("no_hostname_label", |argument| argument.hide(true)),
    after_help = "Two agents run here, because an agent with labels never takes runs without: one has no labels, \
        the other has the name of this host (which flow.register puts on flows with Local storage) and the labels of \
        --label. After Ctrl-C, runs that are at work have 10 seconds to end unless --drain-timeout says otherwise."
)]
pub(crate) struct Arguments {
    /// Do not start agents
    #[arg(long)]
    no_agent: bool,
    /// What a server can be told.
    #[command(flatten)]
    server: ServerFlags,
    /// What a local agent can be told.
    #[command(flatten, next_help_heading = "Agent options")]
    agent: LocalFlags,
}

/// Runs both until told to stop: agents first, so that their last reports find the server.
pub(crate) async fn run(arguments: Arguments, global: &Global) -> Result<(), Failure> {
    let Arguments { no_agent, server, agent } = arguments;
    if agent.once || agent.no_hostname_label {
        return Err(Failure::usage("--once and --no-hostname-label are for `signalbox agent start local`"));
    }
    let config = configure(server)?;
    let mut shutdown = on_signals()?;
    let running = launch(config).await?;
    screen::line(&listening(&running))?;
    let agents = if no_agent {
        Vec::new()
    } else {
        let client = ClientConfig {
            key: global.key.clone().filter(|key| !key.is_empty()),
            tenant_id: global.tenant_id,
            ..ClientConfig::new(own_address(running.address())?)
        };
        start_agents(agent, &client, &shutdown).await?
    };
    until(&mut shutdown, Shutdown::Drain).await;
    if !agents.is_empty() {
        screen::note("Stopping. Runs that are at work may end first; press Ctrl-C again to stop them now.");
    }
    for agent in agents {
        // An agent that panicked has nothing left to wait for.
        drop(agent.await);
    }
    tokio::select! {
        () = running.shutdown() => {}
        () = until(&mut shutdown, Shutdown::Kill) => {}
    }
    Ok(())
}

/// The address agents of this machine reach the server at.
fn own_address(address: SocketAddr) -> Result<Url, Failure> {
    let host = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let address = SocketAddr::new(host, address.port());
    Url::parse(&format!("http://{address}")).map_err(|error| Failure::new(format!("{address}: {error}")))
}

/// Starts the two agents, or says why none can start: the server is useful without.
async fn start_agents(
    flags: LocalFlags,
    client: &ClientConfig,
    shutdown: &watch::Receiver<Shutdown>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let mut agents = Vec::new();
    for flags in both(flags) {
        let (config, local) = flags.into_config(client.clone()).map_err(Failure::usage)?;
        // Both agents start runs in the same way, so one answer is enough.
        if agents.is_empty()
            && let Err(error) = probe(&local).await
        {
            screen::warn(&format!("no agent was started: {error}"));
            screen::note("The server runs without an agent.");
            return Ok(agents);
        }
        agents.push(start(config, local, shutdown.clone()));
    }
    Ok(agents)
}

/// The flags of the agent without labels, and of the one with.
fn both(flags: LocalFlags) -> Vec<LocalFlags> {
    let drain_timeout = flags.drain_timeout.or(Some(DRAIN));
    let name = flags.name.clone().unwrap_or_else(|| "dev".to_owned());
    let unlabelled = LocalFlags {
        name: Some(name.clone()),
        labels: Vec::new(),
        no_hostname_label: true,
        drain_timeout,
        ..flags.clone()
    };
    let labelled = LocalFlags { name: Some(format!("{name} (labelled)")), drain_timeout, ..flags };
    let has_labels = !labelled.labels.is_empty() || hostname().is_some();
    if has_labels { vec![unlabelled, labelled] } else { vec![unlabelled] }
}

async fn probe(local: &LocalConfig) -> Result<(), Failure> {
    Local::new(local.clone()).probe().await.map_err(|error| Failure::chain(&error))
}

fn start(config: AgentConfig, local: LocalConfig, shutdown: watch::Receiver<Shutdown>) -> JoinHandle<()> {
    let agent = Agent::new(config, Local::new(local));
    tokio::spawn(async move {
        if let Err(error) = agent.run(shutdown).await {
            tracing::error!(%error, "an agent ended; the server goes on");
        }
    })
}

/// Waits until the shutdown is at least this urgent.
async fn until(shutdown: &mut watch::Receiver<Shutdown>, urgency: Shutdown) {
    // An error means that nobody can ask any more; then there is nothing to wait for.
    drop(shutdown.wait_for(|asked| *asked >= urgency).await);
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        flags: LocalFlags,
    }

    #[test]
    fn one_agent_has_no_labels_and_the_other_has_all() {
        let flags = Only::try_parse_from(["dev", "--label", "gpu"]).unwrap().flags;
        let client = ClientConfig::new(Url::parse("http://127.0.0.1:1").unwrap());
        let labels: Vec<Vec<String>> = both(flags)
            .into_iter()
            .map(|flags| flags.into_config(client.clone()).unwrap().0.labels.as_slice().to_vec())
            .collect();
        assert_eq!(labels[0], Vec::<String>::new());
        assert!(labels[1].contains(&"gpu".to_owned()));
        assert_eq!(labels.len(), 2);
    }

    #[test]
    fn agents_reach_a_server_that_listens_everywhere() {
        let url = |address: &str| own_address(address.parse().unwrap()).unwrap().to_string();
        assert_eq!(url("0.0.0.0:4200"), "http://127.0.0.1:4200/");
        assert_eq!(url("[::1]:4200"), "http://[::1]:4200/");
    }
}

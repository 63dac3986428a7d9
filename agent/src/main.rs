//! `signalbox-agent`: the agent alone, for images that need nothing else. The same flags as `signalbox agent start`.

use std::process::ExitCode;

use clap::Parser;
use signalbox_agent::{Agent, executor::local::Local, flags::LocalFlags, main_if_asked, on_signals};
use signalbox_client::ClientConfig;
use signalbox_schema::StateType;
use url::Url;
use uuid::Uuid;

/// Takes runs from a Signalbox server and executes them where this program runs.
#[derive(Parser)]
#[command(name = "signalbox-agent", version)]
enum Command {
    /// Execute runs as processes of this machine
    Local {
        /// Address of the API
        #[arg(long, env = "SIGNALBOX_API", default_value = "http://127.0.0.1:4200")]
        api: Url,
        /// API key
        #[arg(long, env = "SIGNALBOX_API_KEY", hide_env_values = true)]
        key: Option<String>,
        /// Tenant to work for [default: the key's own]
        #[arg(long, env = "SIGNALBOX_TENANT_ID")]
        tenant_id: Option<Uuid>,
        #[command(flatten)]
        flags: Box<LocalFlags>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    if let Some(code) = main_if_asked() {
        return Ok(code);
    }
    let Command::Local { api, key, tenant_id, flags } = Command::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("SIGNALBOX_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let once = flags.once;
    let client = ClientConfig { key, tenant_id, ..ClientConfig::new(api) };
    let (config, local) = flags.into_config(client).map_err(anyhow::Error::msg)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let shutdown = on_signals()?;
        anyhow::Ok(Agent::new(config, Local::new(local)).run(shutdown).await?)
    })?;
    let failed = once && !outcome.last.and_then(|run| run.state).is_some_and(StateType::is_successful);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

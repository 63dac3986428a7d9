//! From a configuration to a running server, in the order in which things can go wrong.

use crate::{Config, Running, config::DatabaseUrl, listen};
use signalbox_api::{
    auth::{BrowserPolicy, Doors},
    graphql,
    router::Api,
};
use signalbox_bus::{Bus, CarrierError, MemoryBus, Postgres, Redis, RelayBus};
use signalbox_core::{
    access::{Access, Role},
    clock::SystemClock,
    ids::{Ids, RandomIds},
};
use signalbox_services::{Parts, ServiceError, Services, api_keys, background};
use signalbox_storage::{StorageError, Store};
use std::{fs, io, path::PathBuf, sync::Arc};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Host and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory cannot be used.
    #[error("cannot use the data directory {}: {source}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder of the database does not exist.
    #[error("there is no folder {} for the database; make it, or change database_url", .0.display())]
    NoFolder(PathBuf),
    /// The database cannot be used.
    #[error("cannot use the database")]
    Database(#[from] StorageError),
    /// Hints to other replicas cannot be carried by the database.
    #[error("cannot listen to the notifications of the database")]
    Hints(#[from] CarrierError),
    /// A first step of the services failed.
    #[error("cannot start the services: {0}")]
    Services(#[from] ServiceError),
    /// The server could be reached from a network, and nobody could be asked for a key.
    #[error(
        "{0} is not a loopback address, so every request would need an API key, and no admin key exists.\n\
         Give the server its first one: put sbx_ and at least 32 random letters and digits into a file \
         readable by the server only,\n\
         and start with --bootstrap-admin-key-file FILE (or SIGNALBOX_BOOTSTRAP_ADMIN_KEY); make others with it \
         by `signalbox create api-key`.\n\
         Or start on 127.0.0.1 first, where no key is needed, and create one there.\n\
         Or, if whoever reaches the port may do everything, start with --insecure-no-auth."
    )]
    NoKeys(std::net::IpAddr),
}

/// The name under which the configured key appears in lists.
const BOOTSTRAP_KEY: &str = "bootstrap";

/// Starts a server. When this returns, it accepts requests.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let bound = listen::bind(config.host, config.port).map_err(|source| cannot_listen(&config, source))?;
    prepare_folders(&config)?;
    let store = Store::open(&config.database_url.expose()).await?;
    let parts = Parts { store, bus: bus(&config)?, clock: Arc::new(SystemClock), ids: Arc::new(RandomIds) };
    let services = Services::start_with(parts, config.intervals).await?;
    bootstrap_key(&config, &services).await?;
    let doors = doors(&config, &services).await?;
    let browsers = BrowserPolicy {
        doors,
        loopback: config.is_loopback(),
        allowed_origins: config.allowed_origins.clone(),
        allowed_hosts: config.allowed_hosts.clone(),
    };
    let schema = graphql::build(services.clone());
    let sdl = schema.sdl();
    let api = Api::new(schema, &sdl, services.clone(), browsers, config.http_limits());
    let listener =
        bound.serve(api.router(), config.max_connections).map_err(|source| cannot_listen(&config, source))?;
    let background = background::start(&services);
    tracing::info!(address = %listener.address(), database = %config.database_url, "started");
    Ok(Running::new(config, listener, api, services, background))
}

/// What carries hints: Redis if there is one, else the database if it can; over a file there is no other replica.
fn bus(config: &Config) -> Result<Arc<dyn Bus>, StartError> {
    let replica = RandomIds.id();
    Ok(match (&config.redis_url, &config.database_url) {
        (Some(address), _) => Arc::new(RelayBus::start(Redis::new(address.clone()), replica)),
        (None, url @ DatabaseUrl::Postgres(_)) => {
            Arc::new(RelayBus::start(Postgres::new(&url.expose())?, replica))
        }
        (None, DatabaseUrl::Sqlite(_)) => Arc::new(MemoryBus::default()),
    })
}

fn cannot_listen(config: &Config, source: io::Error) -> StartError {
    StartError::Listen { address: std::net::SocketAddr::new(config.host, config.port).to_string(), source }
}

/// Makes the data directory if the database lies in it. A folder that the operator chose otherwise must
/// exist: a typing error must not become an empty installation.
fn prepare_folders(config: &Config) -> Result<(), StartError> {
    let Some(folder) = config.database_url.folder() else { return Ok(()) };
    if folder == config.data_dir {
        return make_private(folder)
            .map_err(|source| StartError::DataDir { path: folder.to_owned(), source });
    }
    if folder.is_dir() { Ok(()) } else { Err(StartError::NoFolder(folder.to_owned())) }
}

/// Makes a folder that nobody but its owner can read: logs and parameters of every tenant will be in it.
fn make_private(folder: &std::path::Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the configured key if it does not exist.
async fn bootstrap_key(config: &Config, services: &Services) -> Result<(), StartError> {
    let Some(key) = &config.bootstrap_admin_key else { return Ok(()) };
    let access = Access::system(services.default_tenant(), BOOTSTRAP_KEY);
    let command =
        api_keys::CreateApiKey { name: BOOTSTRAP_KEY.to_owned(), role: Role::Admin, expires_at: None };
    api_keys::adopt(services, &access, command, key.expose().to_owned()).await?;
    Ok(())
}

/// Whether requests need a key; refuses to leave a server on a network that nobody could use or everybody
/// could.
async fn doors(config: &Config, services: &Services) -> Result<Doors, StartError> {
    if config.is_loopback() {
        return Ok(Doors::Open);
    }
    if config.insecure_no_auth {
        tracing::warn!(
            address = %config.host,
            "insecure_no_auth is set: whoever can reach this address may do everything, in every tenant"
        );
        return Ok(Doors::Open);
    }
    if api_keys::has_admin_key(services).await? {
        return Ok(Doors::Keys);
    }
    Err(StartError::NoKeys(config.host))
}

//! The options of a server, shared by `server start` and `dev`. They are the top layer of the server's configuration;
//! its environment variables and its file are read by the server itself.

use std::path::PathBuf;

use clap::Args;
use signalbox_server::Overrides;

use crate::telemetry::LogFormat;

/// Options of a server; each also has a variable SIGNALBOX_<NAME> and a line in the configuration file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server options")]
pub(crate) struct ServerFlags {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// Port to listen on; 0 chooses a free one [default: 4200]
    #[arg(long)]
    port: Option<u16>,
    /// Where the data is: sqlite:// and a path, or `postgres://user@host/database` (a password belongs into the
    /// environment) [default: signalbox.db in the data directory]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Redis that carries hints between replicas: redis:// or rediss:// [default: none]
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// Folder for everything kept on disk [default: ~/.local/share/signalbox]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: signalbox.toml in this folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How log lines on stderr look [default: pretty]
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// What is logged: info, debug, or a filter such as info,sqlx=debug [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Serve requests without a key even where others can reach this address
    #[arg(long)]
    insecure_no_auth: bool,
    /// File with a key that shall exist with the role admin; for the first start
    #[arg(long, value_name = "FILE")]
    bootstrap_admin_key_file: Option<PathBuf>,
}

impl From<ServerFlags> for Overrides {
    fn from(flags: ServerFlags) -> Self {
        Self {
            config: flags.config,
            host: flags.host,
            port: flags.port,
            database_url: flags.database_url,
            redis_url: flags.redis_url,
            data_dir: flags.data_dir,
            log_format: flags.log_format.map(|format| format.as_str().to_owned()),
            log: flags.log,
            // An option that is absent must not switch off what the file or the environment switch on.
            insecure_no_auth: flags.insecure_no_auth.then_some(true),
            bootstrap_admin_key_file: flags.bootstrap_admin_key_file,
        }
    }
}

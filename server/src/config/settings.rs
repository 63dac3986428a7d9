//! The list of settings: names and meanings. Documentation, unknown-name checks and tests derive from it.

/// One setting of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the TOML file; in the environment it is `SIGNALBOX_` and the name in capitals.
    pub name: &'static str,
    /// Whether its value must not be shown, and may instead be read from the file named by `<name>_file`.
    pub secret: bool,
    /// What it is, with its default.
    pub help: &'static str,
}

impl Setting {
    /// Every setting.
    pub const ALL: &'static [Self] = &[
        plain("host", "The address to listen on: an IP address or `localhost`. Default 127.0.0.1."),
        plain("port", "The port to listen on; 0 chooses a free one. Default 4200."),
        secret("database_url", "Where the data is: sqlite://path. Default: signalbox.db in data_dir."),
        plain(
            "data_dir",
            "The folder of everything on disk. Default: the platform's, ~/.local/share/signalbox.",
        ),
        plain("log_format", "`pretty` or `json`. Default pretty."),
        plain("log", "Which log lines are written, e.g. `info,signalbox_api=debug`. Default info."),
        plain("insecure_no_auth", "`true` serves requests without a key on any address. Default false."),
        secret("bootstrap_admin_key", "A key that shall exist as admin; made at start. Default none."),
        plain(
            "allowed_origins",
            "Origins whose browser pages may use the API. Default those of this machine.",
        ),
        plain(
            "allowed_hosts",
            "Further names of a server on a loopback address. Default host.docker.internal.",
        ),
        plain("max_body_bytes", "Largest request body. Default 16777216."),
        plain("max_connections", "Connections served at once. Default 10000."),
        plain("shutdown_delay_seconds", "How long readiness is off before accepting stops. Default 0."),
        plain("drain_seconds", "How long requests in flight may take at a shutdown. Default 15."),
    ];

    /// The variable of the environment.
    pub fn variable(self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase())
    }
}

/// What every variable begins with.
pub(super) const PREFIX: &str = "SIGNALBOX_";

const fn plain(name: &'static str, help: &'static str) -> Setting {
    Setting { name, secret: false, help }
}

const fn secret(name: &'static str, help: &'static str) -> Setting {
    Setting { name, secret: true, help }
}

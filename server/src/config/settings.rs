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
        secret(
            "database_url",
            "Where the data is: sqlite://path or postgres://user:password@host/database. Default: signalbox.db in \
             data_dir.",
        ),
        secret(
            "redis_url",
            "Redis for wake-up hints between replicas: redis://host:6379, rediss:// for TLS. Default: PostgreSQL's \
             notifications, if the data is there.",
        ),
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
        plain("max_connections", "Connections served at once. Default 10000."),
        plain("max_body_bytes", "Largest request body. Default 16777216."),
        plain("max_batch_operations", "Operations in one request (a JSON array). Default 25."),
        plain("max_document_bytes", "Largest GraphQL document; variables do not count. Default 2097152."),
        plain("max_document_nesting", "Brackets that may be open at once in a document. Default 100."),
        plain("max_query_depth", "Levels of fields of one operation. Default 20."),
        plain("max_query_breadth", "Fields at one place of an operation. Default 500."),
        plain("max_query_fields", "Fields of one operation. Default 2000."),
        plain("max_query_roots", "Root fields of one operation. Default 250."),
        plain("max_query_aliases", "Fields of one operation that have an alias. Default 500."),
        plain("max_query_directives", "Directives of one operation. Default 100."),
        plain("max_query_cost", "What one operation may cost: rows times fields. Default 5000000."),
        plain("max_query_relations", "Relationships selected under one root field. Default 50."),
        plain("max_query_relations_deep", "Relationships inside one another. Default 10."),
        plain("max_query_conditions", "Conditions and order terms of one root field. Default 400."),
        plain("max_rows", "Rows of one list. Default 100000."),
        plain("max_nested_rows", "Rows of one nested list, all parents together. Default 200000."),
        plain("default_rows", "Rows of a list without a limit; 0 is all of them. Default 0."),
        plain("default_nested_rows", "The same of a nested list, for each parent. Default 0."),
        plain("max_answer_bytes", "Bytes of rows in one answer. Default 134217728."),
        plain("query_timeout_seconds", "How long the statements of one root field may take. Default 30."),
        plain(
            "max_tenant_connections",
            "Requests and streams that one tenant may have open. Default nine tenths of max_connections.",
        ),
        plain("max_tenant_operations", "Operations of one tenant that execute at once. Default 256."),
        plain("introspection", "`false` refuses to tell the schema to those who ask for it. Default true."),
        plain("shutdown_delay_seconds", "How long readiness is off before accepting stops. Default 0."),
        plain("drain_seconds", "How long requests in flight may take at a shutdown. Default 15."),
        plain("lease_seconds", "How long an agent's lease on a run lasts without renewal. Default 45."),
        plain(
            "lost_after_seconds",
            "Silence after which a run whose lease ended is lost; more than the 30 s between heartbeats. Default 45.",
        ),
        plain(
            "silent_after_seconds",
            "Silence after which a stock agent's running run is lost. Default 120.",
        ),
        plain(
            "unstarted_after_seconds",
            "How long a stock agent's submitted run may take to begin. Default 600.",
        ),
        plain(
            "gone_after_seconds",
            "Silence after which a process counts as gone when a retry of its tasks is due. Default 60.",
        ),
        plain("lost_run_reschedules", "How often a lost run is started again at most. Default 3."),
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

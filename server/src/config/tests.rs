use super::*;
use insta::assert_snapshot;
use std::{collections::BTreeMap, fs};

fn load(overrides: &Overrides, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut env: BTreeMap<_, _> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.entry("SIGNALBOX_DATA_DIR".to_owned()).or_insert_with(|| "/data".to_owned());
    layers::load(overrides, env)
}

/// Overrides that name a new file with this content.
fn with_file(content: &str) -> (tempfile::TempDir, Overrides) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    fs::write(&path, content).unwrap();
    (folder, Overrides { config: Some(path), ..Overrides::default() })
}

#[test]
fn without_any_layer_the_server_is_local() {
    let config = load(&Overrides::default(), &[]).unwrap();
    assert_eq!((config.host.to_string().as_str(), config.port), ("127.0.0.1", 4200));
    assert!(config.is_loopback() && !config.insecure_no_auth);
    assert_eq!(config.database_url.to_string(), "sqlite:///data/signalbox.db");
    assert_eq!(config.http_limits().compress_from_bytes, None);
}

#[test]
fn a_higher_layer_wins() {
    let (_folder, overrides) =
        with_file("port = 1\nlog = \"debug\"\nhost = \"::1\"\nallowed_hosts = [\"a\", \"b\"]");
    let env = [("SIGNALBOX_PORT", "2"), ("SIGNALBOX_HOST", "0.0.0.0"), ("SIGNALBOX_LOG_FORMAT", "json")];
    let config = load(&Overrides { port: Some(3), ..overrides.clone() }, &env).unwrap();
    assert_eq!((config.port, config.host.to_string().as_str(), config.log.as_str()), (3, "0.0.0.0", "debug"));
    assert_eq!((config.log_format, config.allowed_hosts.len()), (LogFormat::Json, 2));
    assert_eq!(load(&overrides, &env).unwrap().port, 2);
    assert_eq!(load(&overrides, &[]).unwrap().port, 1);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let (folder, overrides) = with_file(
        "prot = 4300\nmax_connections = 0\nallowed_origins = [\"example.com/x\"]\nbootstrap_admin_key = \"short\"\n",
    );
    let overrides = Overrides { log: Some("=/=".to_owned()), ..overrides };
    let env = [
        ("SIGNALBOX_PORT", "seventy"),
        ("SIGNALBOX_HOST", "example.com"),
        ("SIGNALBOX_DATABASE_URL", "postgres://user:hunter2@db"),
        ("SIGNALBOX_LOG_FROMAT", "json"),
        ("SIGNALBOX_INSECURE_NO_AUTH", "maybe"),
        ("SIGNALBOX_DRAIN_SECONDS", "-1"),
        ("SIGNALBOX_API_KEY", "belongs to the clients"),
    ];
    let message = load(&overrides, &env).unwrap_err().to_string();
    assert!(!message.contains("hunter2"), "{message}");
    let message = message.replace(&folder.path().display().to_string(), "FOLDER");
    assert_snapshot!(message);
}

#[test]
fn a_file_that_was_named_must_exist_and_be_toml() {
    let overrides = Overrides { config: Some("/nowhere.toml".into()), ..Overrides::default() };
    assert!(load(&overrides, &[]).unwrap_err().to_string().contains("there is no file /nowhere.toml"));
    let env = [("SIGNALBOX_CONFIG", "/elsewhere.toml")];
    let message = load(&Overrides::default(), &env).unwrap_err().to_string();
    assert!(message.contains("(from the variable SIGNALBOX_CONFIG)"), "{message}");
    let (_folder, overrides) = with_file("port 4200");
    assert!(load(&overrides, &[]).unwrap_err().to_string().contains("expected"), "syntax errors are shown");
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_shown() {
    let key = format!("sbx_{}", "k".repeat(40));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, format!("{key}\n")).unwrap();
    let overrides = Overrides { bootstrap_admin_key_file: Some(path), ..Overrides::default() };
    let config = load(&overrides, &[]).unwrap();
    assert_eq!(config.bootstrap_admin_key.as_ref().unwrap().expose(), key);
    assert!(!format!("{config:?}").contains(&key));
    let message = load(&overrides, &[("SIGNALBOX_BOOTSTRAP_ADMIN_KEY", &key)]).unwrap_err().to_string();
    assert!(message.contains("not both") && !message.contains(&key), "{message}");
    let env = [("SIGNALBOX_DATABASE_URL_FILE", "/nowhere")];
    assert!(load(&Overrides::default(), &env).unwrap_err().to_string().contains("cannot read /nowhere"));
}

#[test]
fn the_password_of_redis_is_never_shown() {
    let env = [("SIGNALBOX_REDIS_URL", "rediss://signalbox:hunter2@cache.example.com/1")];
    let config = load(&Overrides::default(), &env).unwrap();
    assert_eq!(config.redis_url.as_ref().unwrap().to_string(), "rediss://cache.example.com:6379/1");
    assert!(!format!("{config:?}").contains("hunter2"));
    let message = load(&Overrides::default(), &[("SIGNALBOX_REDIS_URL", "http://u:hunter2@cache")]);
    let message = message.unwrap_err().to_string();
    assert!(message.contains("redis_url (from the variable SIGNALBOX_REDIS_URL): the scheme"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert!(load(&Overrides::default(), &[]).unwrap().redis_url.is_none());
}

#[test]
fn kubernetes_service_links_and_empty_variables_are_not_settings() {
    let env = [
        ("SIGNALBOX_PORT", "tcp://10.0.0.7:4200"),
        ("SIGNALBOX_SERVICE_HOST", "10.0.0.7"),
        ("SIGNALBOX_PORT_4200_TCP_PROTO", "tcp"),
        ("SIGNALBOX_DATABASE_URL", ""),
    ];
    assert_eq!(load(&Overrides::default(), &env).unwrap().port, 4200);
}

#[test]
fn database_urls() {
    for (url, path) in [
        ("sqlite:///var/lib/signalbox.db", "/var/lib/signalbox.db"),
        ("sqlite://data/signalbox.db", "data/signalbox.db"),
        ("sqlite:signalbox.db", "signalbox.db"),
    ] {
        assert_eq!(DatabaseUrl::parse(url).unwrap(), DatabaseUrl::Sqlite(path.into()));
    }
    for (url, part) in [
        ("signalbox.db", "write sqlite://"),
        ("mysql://db", "not known"),
        ("postgres://db", "name of the database is missing"),
        ("postgresql://joe:p@ss:x/db", "as %xx"),
        ("sqlite://", "file is missing"),
        ("sqlite:///folder/", "file is missing"),
        ("sqlite::memory:", "lose every run"),
        ("sqlite://a.db?mode=ro", "leave them out"),
    ] {
        let message = DatabaseUrl::parse(url).unwrap_err();
        assert!(message.contains(part), "{url}: {message}");
    }
    for url in
        ["postgresql://joe:hunter2@db:6432/signalbox?sslmode=require", "postgres:///signalbox?host=/run/pg"]
    {
        let parsed = DatabaseUrl::parse(url).unwrap();
        assert_eq!((parsed.expose().as_str(), parsed.folder()), (url, None));
    }
    let url = DatabaseUrl::parse("postgres://joe:hunter2@db:6432/signalbox?password=hunter2").unwrap();
    assert_eq!(format!("{url} {url:?}"), "postgres://db:6432/signalbox postgres://db:6432/signalbox");
}

#[test]
fn every_setting_is_read() {
    // A setting of the list that nothing takes would be refused as unknown.
    for setting in Setting::ALL {
        let message = load(&Overrides::default(), &[(setting.variable().as_str(), "\u{1}")])
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(!message.contains("no such setting"), "{}: {message}", setting.name);
    }
}

#[test]
fn limits_are_settings_and_every_one_is_documented() {
    let page = include_str!("../../../docs/limits.md");
    let bounds = Setting::ALL.iter().filter(|setting| {
        ["max_", "default_", "query_", "introspection"].iter().any(|start| setting.name.starts_with(start))
    });
    let mut count = 0;
    for setting in bounds {
        count += 1;
        assert!(page.contains(&format!("| `{}` |", setting.name)), "docs/limits.md lacks {}", setting.name);
    }
    assert!(count >= 24, "{count}");
    let env = [
        ("SIGNALBOX_MAX_ROWS", "10"),
        ("SIGNALBOX_DEFAULT_ROWS", "5"),
        ("SIGNALBOX_QUERY_TIMEOUT_SECONDS", "2"),
        ("SIGNALBOX_INTROSPECTION", "false"),
        ("SIGNALBOX_MAX_CONNECTIONS", "100"),
        ("SIGNALBOX_MAX_QUERY_ALIASES", "0"),
    ];
    let limits = load(&Overrides::default(), &env).unwrap().http_limits();
    assert_eq!((limits.read.max_rows_root, limits.read.default_rows_root), (10, Some(5)));
    assert_eq!(limits.read.timeout, Duration::from_secs(2));
    assert!(!limits.introspection);
    assert_eq!((limits.tenant.connections, limits.document_aliases), (90, 0));
    let wrong = [("SIGNALBOX_MAX_QUERY_CONDITIONS", "801"), ("SIGNALBOX_QUERY_TIMEOUT_SECONDS", "0")];
    let message = load(&Overrides::default(), &wrong).unwrap_err().to_string();
    assert!(message.contains("at most 800") && message.contains("at least 1 is wanted"), "{message}");
}

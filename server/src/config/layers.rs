//! Laying the layers over each other, and reading each setting from the result.

use super::{
    Config, ConfigError, DatabaseUrl, Limits, LogFormat, Mistake, Overrides, Secret, Setting, intervals,
    settings::PREFIX,
};
use etcetera::BaseStrategy;
use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Num, Value},
};
use signalbox_bus::RedisAddress;
use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};
use tracing_subscriber::EnvFilter;

/// The file that is read if it exists and no other is named.
const DEFAULT_FILE: &str = "signalbox.toml";
/// How a key must begin; see the services' key format.
const KEY_PREFIX: &str = "sbx_";
/// How long a hand-made key must be: 32 characters of 62 hold about 190 bits.
const KEY_LENGTH: usize = 36;

/// Reads everything. The environment is an argument so that tests need not change the process's own.
pub(super) fn load(overrides: &Overrides, env: BTreeMap<String, String>) -> Result<Config, ConfigError> {
    let mut mistakes = Vec::new();
    let figment = Figment::new()
        .merge(file(overrides, &env, &mut mistakes))
        .merge(Environment(env))
        .merge(overrides.clone());
    let mut values = match figment.data() {
        Ok(mut data) => data.remove(&Profile::Default).unwrap_or_default(),
        Err(error) => {
            mistakes.extend(error.into_iter().map(|error| Mistake {
                setting: error.path.join("."),
                place: error.metadata.as_ref().map_or_else(|| "the configuration".to_owned(), place),
                reason: error.kind.to_string(),
            }));
            Dict::new()
        }
    };
    let mut reader = Reader { figment: &figment, values: &mut values, mistakes };
    let config = read(&mut reader);
    reader.refuse_unknown();
    match (config, reader.mistakes) {
        (Some(config), mistakes) if mistakes.is_empty() => Ok(config),
        (_, mistakes) => Err(ConfigError(mistakes)),
    }
}

fn read(reader: &mut Reader<'_>) -> Option<Config> {
    let host = reader.take("host", |value| host(&text(value)?));
    let port = reader.take("port", |value| {
        number(value)?.try_into().map_err(|_| "a port is a number from 0 to 65535".to_owned())
    });
    let data_dir = reader.take("data_dir", |value| text(value).map(PathBuf::from)).or_else(|| {
        let platform = etcetera::choose_base_strategy().ok();
        if platform.is_none() {
            reader.refuse("data_dir", "the defaults", "there is no home directory; name a folder");
        }
        platform.map(|base| base.data_dir().join("signalbox"))
    });
    let database_url = reader.take_secret("database_url", DatabaseUrl::parse);
    let redis_url = reader.take_secret("redis_url", RedisAddress::parse);
    let log_format = reader.take("log_format", |value| match text(value)?.as_str() {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("\"{other}\" is not a format; write pretty or json")),
    });
    let log = reader.take("log", |value| {
        let filter = text(value)?;
        EnvFilter::builder().parse(&filter).map_err(|error| format!("not a filter of log lines: {error}"))?;
        Ok(filter)
    });
    let insecure_no_auth = reader.take("insecure_no_auth", flag);
    let bootstrap_admin_key = reader.take_secret("bootstrap_admin_key", |key| {
        let fits = key.starts_with(KEY_PREFIX)
            && key.len() >= KEY_LENGTH
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        fits.then(|| Secret::new(key)).ok_or_else(|| {
            format!("a key is {KEY_PREFIX} and at least {} letters and digits", KEY_LENGTH - KEY_PREFIX.len())
        })
    });
    let allowed_origins = reader.take("allowed_origins", |value| {
        list(value)?.into_iter().map(|origin| self::origin(&origin).map(|()| origin)).collect()
    });
    let allowed_hosts = reader.take("allowed_hosts", list);
    let limits = Limits::read(reader);
    let max_connections = reader.take("max_connections", |value| size(value, 1));
    let shutdown_delay = reader.take("shutdown_delay_seconds", seconds);
    let drain_timeout = reader.take("drain_seconds", seconds);
    let intervals = intervals::read(reader);
    let data_dir = data_dir?;
    Some(Config {
        host: host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: port.unwrap_or(4200),
        database_url: database_url.unwrap_or_else(|| DatabaseUrl::in_folder(&data_dir)),
        redis_url,
        data_dir,
        log_format: log_format.unwrap_or(LogFormat::Pretty),
        log: log.unwrap_or_else(|| "info".to_owned()),
        insecure_no_auth: insecure_no_auth.unwrap_or(false),
        bootstrap_admin_key,
        allowed_origins: allowed_origins.unwrap_or_default(),
        // How a container calls the machine it runs on; nobody outside can own the name.
        allowed_hosts: allowed_hosts.unwrap_or_else(|| vec!["host.docker.internal".to_owned()]),
        max_connections: max_connections.unwrap_or(10_000),
        limits,
        shutdown_delay: shutdown_delay.unwrap_or(Duration::ZERO),
        drain_timeout: drain_timeout.unwrap_or(Duration::from_secs(15)),
        intervals,
    })
}

/// The TOML layer. A file that was named must exist; the default one need not.
fn file(overrides: &Overrides, env: &BTreeMap<String, String>, mistakes: &mut Vec<Mistake>) -> Figment {
    let variable = format!("{PREFIX}CONFIG");
    let (path, place) = match (&overrides.config, env.get(&variable)) {
        (Some(path), _) => (path.clone(), "the command line".to_owned()),
        (None, Some(path)) => (PathBuf::from(path), format!("the variable {variable}")),
        (None, None) if Path::new(DEFAULT_FILE).exists() => {
            (DEFAULT_FILE.into(), "the working directory".into())
        }
        (None, None) => return Figment::new(),
    };
    if path.is_file() {
        return Figment::from(Toml::file_exact(path));
    }
    mistakes.push(Mistake {
        setting: "config".to_owned(),
        place,
        reason: format!("there is no file {}", path.display()),
    });
    Figment::new()
}

/// The layer of the environment: the variables of known settings, as text.
struct Environment(BTreeMap<String, String>);

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut settings = Dict::new();
        for (variable, value) in &self.0 {
            let Some(name) = variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else { continue };
            // Kubernetes sets SIGNALBOX_PORT=tcp://… in every container when a service is named "signalbox".
            let is_service_link = name == "port" && value.contains("://");
            // Other parts of the product have variables of their own, and an empty one is an unset one.
            if is_service_link || value.is_empty() || !(is_known(&name) || is_misspelt(&name)) {
                continue;
            }
            settings.insert(name, Value::from(value.clone()));
        }
        Ok(Map::from([(Profile::Default, settings)]))
    }
}

const ENVIRONMENT: &str = "the environment";

fn place(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(source) => format!("the file {source}"),
        None => metadata.name.to_string(),
    }
}

fn is_known(name: &str) -> bool {
    Setting::ALL.iter().any(|setting| {
        name == setting.name || (setting.secret && name.strip_suffix("_file") == Some(setting.name))
    })
}

fn closest(name: &str) -> Option<&'static str> {
    Setting::ALL
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(name, setting.name), setting.name))
        .filter(|(distance, known)| *distance <= 2 && *distance * 3 < known.len())
        .min()
        .map(|(_, known)| known)
}

/// Whether a variable is probably meant for us but has a slip in its name.
fn is_misspelt(name: &str) -> bool {
    closest(name).is_some()
}

/// The values that are left, and what was wrong with those that were taken.
pub(super) struct Reader<'a> {
    figment: &'a Figment,
    values: &'a mut Dict,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    /// Takes a setting; a value that cannot be used is noted and reads as unset.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.values.remove(name)?;
        match read(&value) {
            Ok(setting) => Some(setting),
            Err(reason) => {
                let place = self.place(name, &value);
                self.refuse(name, place, reason);
                None
            }
        }
    }

    /// Takes a secret, from its own value or from the file named by its twin.
    fn take_secret<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let twin = format!("{name}_file");
        let both = self.values.contains_key(name) && self.values.contains_key(&twin);
        if both {
            self.refuse(&twin, "several layers", format!("give either {name} or {twin}, not both"));
        }
        let from_file = self.take(&twin, |value| {
            let path = text(value)?;
            let content =
                fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
            read(content.trim())
        });
        self.take(name, |value| read(&text(value)?)).or(from_file)
    }

    fn refuse(&mut self, setting: &str, place: impl Into<String>, reason: impl Into<String>) {
        self.mistakes.push(Mistake {
            setting: setting.to_owned(),
            place: place.into(),
            reason: reason.into(),
        });
    }

    fn refuse_unknown(&mut self) {
        for (name, value) in std::mem::take(self.values) {
            let place = self.place(&name, &value);
            let reason = match closest(&name) {
                Some(known) => format!("no such setting; did you mean {known}?"),
                None => "no such setting".to_owned(),
            };
            self.refuse(&name, place, reason);
        }
    }

    fn place(&self, name: &str, value: &Value) -> String {
        match self.figment.get_metadata(value.tag()) {
            Some(metadata) if metadata.name == ENVIRONMENT => {
                format!("the variable {PREFIX}{}", name.to_ascii_uppercase())
            }
            Some(metadata) => place(metadata),
            None => "the configuration".to_owned(),
        }
    }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(|text| text.trim().to_owned()).ok_or_else(|| "a text in quotes is wanted".to_owned())
}

pub(super) fn number(value: &Value) -> Result<u64, String> {
    const WANTED: &str = "a whole number is wanted";
    if let Some(text) = value.as_str() {
        return text.trim().parse().map_err(|_| format!("\"{text}\": {WANTED}"));
    }
    let number = value.to_num().and_then(Num::to_u128_lossy);
    number.and_then(|number| number.try_into().ok()).ok_or_else(|| WANTED.to_owned())
}

pub(super) fn size(value: &Value, least: usize) -> Result<usize, String> {
    let size = usize::try_from(number(value)?).map_err(|_| "the number is too large".to_owned())?;
    if size < least {
        return Err(format!("at least {least} is wanted"));
    }
    Ok(size)
}

pub(super) fn seconds(value: &Value) -> Result<Duration, String> {
    const MOST: u64 = 24 * 60 * 60;
    match number(value)? {
        seconds @ ..=MOST => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("at most {MOST} seconds are allowed")),
    }
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    value.to_bool_lossy().ok_or_else(|| match value.as_str() {
        Some(text) => format!("\"{text}\" is neither true nor false"),
        None => "true or false is wanted".to_owned(),
    })
}

/// A TOML list, or one text with commas (as in a variable).
fn list(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(_, items) => items.iter().map(text).collect(),
        other => Ok(text(other)?
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Into::into)
            .collect()),
    }
}

fn host(name: &str) -> Result<IpAddr, String> {
    if name.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    name.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| {
        format!(
            "\"{name}\" is not an IP address; write 127.0.0.1 for this machine, 0.0.0.0 for every network"
        )
    })
}

fn origin(origin: &str) -> Result<(), String> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match rest {
        Some(authority) if !authority.is_empty() && !authority.contains(['/', '*', '@', '?', '#']) => Ok(()),
        _ => Err(format!("\"{origin}\" is not an origin; write https://host or https://host:port")),
    }
}

//! The address of the database.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A checked `database_url`: `sqlite://relative/path`, `sqlite:///absolute/path`, or
/// `postgres://user:password@host:port/database`. Shown without anything that may be a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of ours.
    Sqlite(PathBuf),
    /// A database on a server.
    Postgres(PostgresUrl),
}

/// The URL of a PostgreSQL database, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl DatabaseUrl {
    /// Reads a URL. The error says what would be right and holds nothing of the URL, which may contain a
    /// password.
    pub fn parse(url: &str) -> Result<Self, String> {
        const WANTED: &str = "write sqlite:///absolute/path.db, sqlite://relative/path.db or \
                              postgres://user:password@host:5432/database";
        let Some((scheme, rest)) = url.split_once(':') else { return Err(WANTED.to_owned()) };
        match scheme {
            "sqlite" => Self::sqlite(rest.strip_prefix("//").unwrap_or(rest), WANTED),
            "postgres" | "postgresql" => Self::postgres(url, WANTED),
            _ => Err(format!("the scheme is not known; {WANTED}")),
        }
    }

    fn sqlite(path: &str, wanted: &str) -> Result<Self, String> {
        if path.contains('?') {
            return Err("the options behind `?` are chosen by the server; leave them out".to_owned());
        }
        if path.is_empty() || path.ends_with('/') {
            return Err(format!("the name of the file is missing; {wanted}"));
        }
        if path.trim_start_matches('/') == ":memory:" {
            return Err("a database in memory would lose every run at a restart; name a file".to_owned());
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    fn postgres(url: &str, wanted: &str) -> Result<Self, String> {
        // Errors of the parser quote nothing of what it read.
        let parsed = url::Url::parse(url)
            .map_err(|error| format!("{error}; {wanted}, with special characters of the password as %xx"))?;
        let named = |parameter: &str| parsed.query_pairs().any(|(name, _)| name == parameter);
        if parsed.path().trim_start_matches('/').is_empty() && !named("dbname") {
            return Err(format!("the name of the database is missing; {wanted}"));
        }
        Ok(Self::Postgres(PostgresUrl(url.to_owned())))
    }

    /// The database that is used when none is named.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join("signalbox.db"))
    }

    /// The folder of the file, if it is a file of ours and lies in one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()),
            Self::Postgres(_) => None,
        }
    }

    /// The URL itself, with its password, for the one place that needs it.
    pub fn expose(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(PostgresUrl(url)) => url.clone(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(PostgresUrl(url)) => match url::Url::parse(url) {
                Ok(url) => {
                    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                    write!(f, "postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
                }
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

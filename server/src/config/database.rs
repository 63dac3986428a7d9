//! The address of the database.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A checked `database_url`. Today only SQLite: `sqlite://relative/path`, `sqlite:///absolute/path`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    path: PathBuf,
}

impl DatabaseUrl {
    /// Reads a URL. The error says what would be right and holds nothing of the URL, which may contain a
    /// password.
    pub fn parse(url: &str) -> Result<Self, String> {
        const WANTED: &str = "write sqlite:///absolute/path.db or sqlite://relative/path.db";
        let Some((scheme, rest)) = url.split_once(':') else { return Err(WANTED.to_owned()) };
        match scheme {
            "sqlite" => {}
            "postgres" | "postgresql" => {
                return Err(format!("this version stores in SQLite only; {WANTED}"));
            }
            _ => return Err(format!("the scheme is not known; {WANTED}")),
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.contains('?') {
            return Err("the options behind `?` are chosen by the server; leave them out".to_owned());
        }
        if path.is_empty() || path.ends_with('/') {
            return Err(format!("the name of the file is missing; {WANTED}"));
        }
        if path.trim_start_matches('/') == ":memory:" {
            return Err("a database in memory would lose every run at a restart; name a file".to_owned());
        }
        Ok(Self { path: PathBuf::from(path) })
    }

    /// The database that is used when none is named.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { path: data_dir.join("signalbox.db") }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite://{}", self.path.display())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! Opens the database: options per dialect, then the schema.

mod postgres;
mod sqlite;

use crate::{StorageError, Store};

pub(crate) use sqlite::options as sqlite_options;

/// Prepared statements kept per connection: every shape of hot statement, with its padded lists.
const STATEMENTS: usize = 512;

impl Store {
    /// Opens the database behind `url` and brings its schema up to date. `sqlite://path` makes the file if need be;
    /// `postgres://user:password@host/database` takes what libpq takes, `sslmode` and `sslrootcert` among it.
    ///
    /// # Errors
    /// [`StorageError::Url`] for a URL that is not understood or a database that cannot be reached,
    /// [`StorageError::Migration`] when the database was made by a newer version.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => postgres::open(url).await,
            _ => sqlite::open(url).await,
        }
    }
}

/// The URL as it may be shown: of a server's only where it is, for anything else of it may hold a password.
fn shown(url: &str) -> String {
    match url.split_once(':') {
        Some(("sqlite", _)) => url.to_owned(),
        Some(("postgres" | "postgresql", _)) => postgres::shown(url),
        _ => "…".to_owned(),
    }
}

fn refused(url: &str, problem: impl Into<String>) -> StorageError {
    StorageError::Url { url: shown(url), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn no_part_of_a_url_that_may_be_a_password_is_shown() {
        for (url, expected) in [
            ("sqlite:///a/b.db", "sqlite:///a/b.db"),
            ("postgres://joe:pass@db:5432/x", "postgres://db:5432/x"),
            ("postgresql://joe:p%40ss@db/x?sslmode=require&password=secret", "postgres://db:5432/x"),
            ("postgres://joe:p@ss:99999/x", "postgres://…"),
            ("mysql://joe:pass@db/x", "…"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }
}

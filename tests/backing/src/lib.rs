//! What the server under test stores in: a SQLite file, or a database on a throw-away PostgreSQL server when
//! `SIGNALBOX_TEST_BACKEND=postgres`. And a way to look into it past the server, for tests that must see every row.

mod database;
mod postgres;
mod throwaway;

pub use database::Database;

use std::path::Path;
use tempfile::TempDir;

/// The variable that chooses.
const CHOICE: &str = "SIGNALBOX_TEST_BACKEND";

/// Where one server, or the replicas of one, keep what they have. Removed when it is dropped.
#[derive(Debug)]
pub struct Backing {
    postgres: Option<postgres::TestDatabase>,
    folder: TempDir,
}

impl Backing {
    /// An empty one of the kind that the environment chooses.
    ///
    /// # Panics
    /// When it cannot be made, or the environment chooses none that we know.
    pub fn new() -> Self {
        match std::env::var(CHOICE).as_deref() {
            Ok("postgres") => Self::postgres(),
            Ok("sqlite" | "") | Err(_) => Self::sqlite(),
            Ok(other) => panic!("{CHOICE}={other}: write sqlite or postgres"),
        }
    }

    /// An empty SQLite file.
    ///
    /// # Panics
    /// When there is no place for one.
    pub fn sqlite() -> Self {
        Self { postgres: None, folder: folder() }
    }

    /// An empty PostgreSQL database.
    ///
    /// # Panics
    /// When no server can be started.
    pub fn postgres() -> Self {
        Self { postgres: Some(postgres::TestDatabase::new()), folder: folder() }
    }

    /// Whether the environment chooses PostgreSQL.
    pub fn chooses_postgres() -> bool {
        std::env::var(CHOICE).is_ok_and(|choice| choice == "postgres")
    }

    /// Whether it is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// A folder for whatever else a server keeps on disk.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the database, as a server gets it.
    pub fn database_url(&self) -> String {
        match &self.postgres {
            Some(database) => database.url(),
            None => format!("sqlite://{}", self.file().display()),
        }
    }

    /// The environment of a server.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("SIGNALBOX_DATABASE_URL", self.database_url())]
    }

    /// A connection that sees everything, past the server and past every policy.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn database(&self) -> Database {
        match &self.postgres {
            Some(database) => Database::postgres(&database.superuser_url()).await,
            None => Database::sqlite(&self.file()).await,
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("signalbox.db")
    }
}

impl Default for Backing {
    fn default() -> Self {
        Self::new()
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

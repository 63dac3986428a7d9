//! The databases that measured servers keep their things in: files, or a PostgreSQL server of this program's own.
//! What is put into them past the API is [`crate::fill`]'s.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const START_LIMIT: Duration = Duration::from_mins(1);
/// The role of the server: no superuser, so that row-level security holds it.
const ROLE: &str = "signalbox";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A file for each server.
    Sqlite,
    /// A throw-away PostgreSQL with the settings it comes with: every commit is flushed to the disk.
    Postgres,
}

impl Engine {
    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Where databases come from.
#[derive(Debug)]
pub enum Databases {
    /// Files.
    Sqlite,
    /// One server for all of them; it stops with this value.
    Postgres(Box<Postgres>),
}

/// One database, and a folder for the server's other things.
#[derive(Debug)]
pub struct Database {
    /// The folder.
    pub folder: TempDir,
    /// What the server is told.
    pub url: String,
    /// The superuser's way to it, on PostgreSQL.
    admin: Option<String>,
}

/// A connection past the server.
#[derive(Debug)]
pub enum Direct {
    /// To a file.
    Sqlite(SqliteConnection),
    /// As the superuser.
    Postgres(PgConnection),
}

impl Databases {
    /// Makes ready for databases of this kind.
    pub async fn of(engine: Engine) -> Result<Self> {
        Ok(match engine {
            Engine::Sqlite => Self::Sqlite,
            Engine::Postgres => Self::Postgres(Box::new(Postgres::start().await?)),
        })
    }

    /// An empty one.
    pub async fn fresh(&mut self) -> Result<Database> {
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        match self {
            Self::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("signalbox.db").display());
                Ok(Database { folder, url, admin: None })
            }
            Self::Postgres(server) => {
                server.made += 1;
                let name = format!("bench_{}", server.made);
                let mut admin = PgConnection::connect(&server.url("postgres", "postgres")).await?;
                let create = format!("CREATE DATABASE {name} OWNER {ROLE}");
                sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await?;
                let admin = Some(server.url("postgres", &name));
                Ok(Database { folder, url: server.url(ROLE, &name), admin })
            }
        }
    }
}

impl Database {
    /// A connection past the server, which must not run meanwhile.
    pub async fn direct(&self) -> Result<Direct> {
        if let Some(admin) = &self.admin {
            return Ok(Direct::Postgres(PgConnection::connect(admin).await?));
        }
        let options: SqliteConnectOptions = self.url.parse()?;
        let options = options.pragma("cache_size", "-200000").pragma("temp_store", "memory");
        Ok(Direct::Sqlite(options.connect().await?))
    }
}

impl Direct {
    /// Runs statements.
    pub async fn execute(&mut self, sql: String) -> Result<()> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(database) => sqlx::raw_sql(sql).execute(database).await.map(|_| ())?,
            Self::Postgres(database) => sqlx::raw_sql(sql).execute(database).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Ends the connection.
    pub async fn close(self) -> Result<()> {
        match self {
            Self::Sqlite(database) => database.close().await?,
            Self::Postgres(database) => database.close().await?,
        }
        Ok(())
    }
}

/// A PostgreSQL server in a temporary folder, on a free port of 127.0.0.1.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    made: usize,
    child: Child,
    _folder: TempDir,
}

impl Postgres {
    async fn start() -> Result<Self> {
        let binaries = binaries()?;
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        let data = folder.path().join("data");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path())).await?;
        }
        let mut initdb = as_somebody(&binaries.join("initdb"));
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"]).arg(&data);
        run(&mut initdb).await?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = as_somebody(&binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .args(["-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting postgres")?;
        let server = Self { port, made: 0, child, _folder: folder };
        let began = Instant::now();
        let mut admin = loop {
            match PgConnection::connect(&server.url("postgres", "postgres")).await {
                Ok(admin) => break admin,
                Err(error) if began.elapsed() > START_LIMIT => bail!("postgres does not answer: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE ROLE {ROLE} LOGIN"))).execute(&mut admin).await?;
        Ok(server)
    }

    fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    /// At once: there is nothing worth a checkpoint. Its workers end, too, which they would not if it were killed.
    fn drop(&mut self) {
        if let Some(pid) = self.child.id() {
            let _ = std::process::Command::new("kill").args(["-QUIT", &pid.to_string()]).status();
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// PostgreSQL refuses to run as root.
fn as_somebody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program).current_dir("/");
    command
}

/// The newest PostgreSQL of Debian's packages, which are not in the path.
fn binaries() -> Result<PathBuf> {
    let found = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = found.map(|entry| entry.path()).filter(|path| version(path).is_some()).max_by_key(version);
    Ok(newest.context("no PostgreSQL: install the package postgresql")?.join("bin"))
}

async fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().await.with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

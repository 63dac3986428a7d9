//! A database of its own for each test, on a PostgreSQL server for the whole run: the one that
//! `SIGNALBOX_TEST_POSTGRES` names (its superuser's URL), or one that this process starts.

use crate::throwaway::Throwaway;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

/// The role of the servers under test: not a superuser, or row-level security would not hold it.
const ROLE: &str = "signalbox";

/// An empty database; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    server: Server,
    name: String,
}

#[derive(Debug, Clone)]
enum Server {
    Given(String),
    Own(Arc<Throwaway>),
}

impl Server {
    fn get() -> Self {
        static OWN: Mutex<Weak<Throwaway>> = Mutex::new(Weak::new());
        if let Ok(url) = std::env::var("SIGNALBOX_TEST_POSTGRES") {
            return Self::Given(url);
        }
        let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
        let running = own.upgrade().unwrap_or_else(|| Arc::new(Throwaway::start("postgres.sh")));
        *own = Arc::downgrade(&running);
        Self::Own(running)
    }

    /// The URL of the superuser's own database.
    fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Own(server) => &server.url,
        }
    }
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// When there is no server, or it refuses.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = Server::get();
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // The name of a process that is gone may be in use again.
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let create = format!("CREATE DATABASE {name} OWNER {ROLE}");
        run(execute(server.url().to_owned(), vec![drop, create])).expect("the test server makes databases");
        Self { server, name }
    }

    /// As a server under test connects to it.
    pub(crate) fn url(&self) -> String {
        let (_, address) = self.address();
        format!("postgres://{ROLE}@{address}/{}", self.name)
    }

    /// As the superuser connects to it.
    pub(crate) fn superuser_url(&self) -> String {
        let (who, address) = self.address();
        format!("postgres://{who}@{address}/{}", self.name)
    }

    fn address(&self) -> (&str, &str) {
        let rest = self.server.url().split_once("://").expect("a URL has a scheme").1;
        let (who, rest) = rest.split_once('@').expect("the superuser's URL says who");
        (who, rest.split_once('/').map_or(rest, |(address, _)| address))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A server that is gone has no databases left.
        let _ = run(execute(self.server.url().to_owned(), vec![drop]));
    }
}

async fn execute(url: String, statements: Vec<String>) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&url).await?;
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    connection.close().await
}

/// Waits for a future, whether or not this thread belongs to a runtime.
fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let waiting = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(future)
    });
    waiting.join().expect("the future does not panic")
}

//! A connection past the server. Statements are written in what both databases know; ids as `X'…'`, the form of a
//! blob that SQLite stores them in.

use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, PgConnection, Row, SqliteConnection, TypeInfo,
    sqlite::SqliteConnectOptions,
};
use std::{collections::BTreeMap, path::Path};

/// A connection that sees everything.
#[derive(Debug)]
pub enum Database {
    /// To the file.
    Sqlite(SqliteConnection),
    /// As a superuser.
    Postgres(PgConnection),
}

impl Database {
    pub(crate) async fn sqlite(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).foreign_keys(true);
        Self::Sqlite(options.connect().await.expect("the file can be opened"))
    }

    pub(crate) async fn postgres(url: &str) -> Self {
        // A function of SQLite's that tests use, out of the way of what is tested.
        const HEX: &str = "CREATE SCHEMA IF NOT EXISTS looks;
            CREATE OR REPLACE FUNCTION looks.hex(uuid) RETURNS text LANGUAGE sql IMMUTABLE
                AS $$ SELECT upper(replace($1::text, '-', '')) $$;
            SET search_path = public, looks;
            SET timezone = 'UTC'";
        let mut connection = PgConnection::connect(url).await.expect("the server accepts its superuser");
        sqlx::raw_sql(HEX).execute(&mut connection).await.expect("a superuser may do that");
        Self::Postgres(connection)
    }

    /// Runs statements; how many rows they changed.
    ///
    /// # Panics
    /// When the database refuses one.
    pub async fn execute(&mut self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(self.own(sql));
        match self {
            Self::Sqlite(db) => sqlx::raw_sql(sql).execute(db).await.map(|done| done.rows_affected()),
            Self::Postgres(db) => sqlx::raw_sql(sql).execute(db).await.map(|done| done.rows_affected()),
        }
        .expect("a test's own statement is right")
    }

    /// The rows that a query yields, their columns as text, `null` for null.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        fn texts<R: Row>(rows: &[R]) -> Vec<Vec<String>>
        where
            usize: sqlx::ColumnIndex<R>,
            for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
        {
            let text = |row: &R, index| {
                let text: Option<String> = row.try_get_unchecked(index).expect("a value has a text");
                let text = text.unwrap_or_else(|| "null".to_owned());
                match (row.column(index).type_info().name(), text.as_str()) {
                    // As SQLite says it.
                    ("BOOL", "t") => "1".to_owned(),
                    ("BOOL", "f") => "0".to_owned(),
                    _ => text,
                }
            };
            rows.iter().map(|row| (0..row.len()).map(|index| text(row, index)).collect()).collect()
        }
        let sql = AssertSqlSafe(self.own(sql));
        // raw_sql: PostgreSQL then sends text, whatever the type.
        match self {
            Self::Sqlite(db) => sqlx::raw_sql(sql).fetch_all(db).await.map(|rows| texts(&rows)),
            Self::Postgres(db) => sqlx::raw_sql(sql).fetch_all(db).await.map(|rows| texts(&rows)),
        }
        .expect("a test's own query is right")
    }

    /// The first column of the rows that a query yields.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn column(&mut self, sql: &str) -> Vec<String> {
        self.rows(sql).await.into_iter().map(|mut row| row.remove(0)).collect()
    }

    /// Every row of every table, as text, in the order of the text.
    ///
    /// # Panics
    /// When a table cannot be read.
    pub async fn tables(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut tables = BTreeMap::new();
        for name in self.table_names().await {
            let row = match self {
                Self::Postgres(_) => "row_to_json(t)::text".to_owned(),
                Self::Sqlite(_) => {
                    let columns = self.column(&format!("SELECT name FROM pragma_table_info('{name}')")).await;
                    let text = |column: &String| format!("'{column}=' || coalesce(quote(\"{column}\"), '')");
                    columns.iter().map(text).collect::<Vec<_>>().join(" || ' ' || ")
                }
            };
            let rows = self.column(&format!("SELECT {row} FROM \"{name}\" t ORDER BY 1")).await;
            tables.insert(name, rows);
        }
        tables
    }

    /// The tables of the server.
    ///
    /// # Panics
    /// When the catalogue cannot be read.
    pub async fn table_names(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Postgres(_) => "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
        };
        self.column(sql).await
    }

    /// The statement as this database reads it.
    fn own(&self, sql: &str) -> String {
        match self {
            Self::Sqlite(_) => sql.to_owned(),
            Self::Postgres(_) => {
                let mut parts = sql.split("X'");
                let mut own = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    // A uuid is read without hyphens, too; what is longer is a hash.
                    let is_id = part.find('\'') == Some(32);
                    own.push_str(if is_id { "'" } else { "'\\x" });
                    own.push_str(part);
                }
                own
            }
        }
    }
}

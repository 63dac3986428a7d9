//! The two databases as the compiler's statements and rows see them.

use futures_util::TryStreamExt;
use sea_orm::sea_query::{SelectStatement, Value};
use sqlx::postgres::{PgConnection, PgRow, PgValueFormat};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, ValueRef};
use uuid::Uuid;

use super::value::{Malformed, Timestamp};
use super::{QueryError, failed};
use crate::dialect::Dialect;
use crate::postgres;

/// A connection of either database.
pub(super) enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Connection<'_> {
    /// What it understands.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Sends one statement and hands over its rows as they come. The only place where a statement leaves.
    pub(super) async fn send(
        &mut self,
        statement: &SelectStatement,
        mut each: impl FnMut(&Row<'_>) -> Result<(), QueryError> + Send,
    ) -> Result<(), QueryError> {
        let (sql, values) = self.dialect().render(statement);
        // The text comes from the builder alone: names from the registry, values as parameters.
        let sql = AssertSqlSafe(sql);
        let encode = |error| failed(sqlx::Error::Encode(error));
        match self {
            Self::Sqlite(connection) => {
                let arguments = bind_sqlite(values).map_err(encode)?;
                let mut rows = sqlx::query_with(sql, arguments).fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    each(&Row::Sqlite(&row))?;
                }
            }
            Self::Postgres(connection) => {
                let arguments = postgres::bind(values).map_err(encode)?;
                let mut rows = sqlx::query_with(sql, arguments).fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    each(&Row::Postgres(&row))?;
                }
            }
        }
        Ok(())
    }
}

/// The parameters as SQLite stores them: uuids as bytes, instants as text in the form they are stored in.
fn bind_sqlite(values: Vec<Value>) -> Result<SqliteArguments, sqlx::error::BoxDynError> {
    use sqlx::Arguments;
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Uuid(id) => arguments.add(id.map(|id| id.as_bytes().to_vec()))?,
            Value::String(text) => arguments.add(text)?,
            Value::BigInt(number) => arguments.add(number)?,
            Value::Int(number) => arguments.add(number)?,
            Value::BigUnsigned(number) => arguments.add(number.map(i64::try_from).transpose()?)?,
            Value::Double(number) => arguments.add(number)?,
            Value::Bool(truth) => arguments.add(truth)?,
            Value::ChronoDateTimeUtc(instant) => {
                arguments.add(instant.map(|instant| instant.to_rfc3339()))?;
            }
            other => return Err(format!("no SQLite form for the parameter {other:?}").into()),
        }
    }
    Ok(arguments)
}

/// A row of either database. Reading a column as what it is not is [`Malformed`].
pub(super) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

/// Reads a column without looking at what the database calls its type: an expression of SQLite has none.
macro_rules! read {
    ($row:expr, $index:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get_unchecked($index)?,
            Row::Postgres(row) => row.try_get_unchecked($index)?,
        }
    };
}

impl Row<'_> {
    pub(super) fn is_null(&self, index: usize) -> Result<bool, Malformed> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get_raw(index)?.is_null(),
            Self::Postgres(row) => row.try_get_raw(index)?.is_null(),
        })
    }

    /// SQLite stores uuids as their 16 bytes, which is also what PostgreSQL sends.
    pub(super) fn uuid(&self, index: usize) -> Result<Uuid, Malformed> {
        Ok(match self {
            Self::Sqlite(row) => {
                let bytes: &[u8] = row.try_get_unchecked(index)?;
                Uuid::from_slice(bytes).map_err(|_| Malformed)?
            }
            Self::Postgres(row) => row.try_get_unchecked(index)?,
        })
    }

    pub(super) fn text(&self, index: usize) -> Result<&str, Malformed> {
        Ok(read!(self, index))
    }

    pub(super) fn integer(&self, index: usize) -> Result<i64, Malformed> {
        Ok(read!(self, index))
    }

    pub(super) fn double(&self, index: usize) -> Result<f64, Malformed> {
        Ok(read!(self, index))
    }

    pub(super) fn boolean(&self, index: usize) -> Result<bool, Malformed> {
        Ok(read!(self, index))
    }

    pub(super) fn timestamp(&self, index: usize) -> Result<Timestamp<'_>, Malformed> {
        Ok(match self {
            Self::Sqlite(row) => Timestamp::Text(row.try_get_unchecked(index)?),
            Self::Postgres(row) => Timestamp::Instant(row.try_get_unchecked(index)?),
        })
    }

    /// The JSON text as it is stored. PostgreSQL's binary form of jsonb is its version, 1, and the text.
    pub(super) fn json(&self, index: usize) -> Result<&str, Malformed> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get_unchecked(index)?),
            Self::Postgres(row) => {
                let raw = row.try_get_raw(index)?;
                let text = match raw.format() {
                    PgValueFormat::Binary => raw.as_bytes()?.strip_prefix(&[1]).ok_or(Malformed)?,
                    PgValueFormat::Text => raw.as_bytes()?,
                };
                std::str::from_utf8(text).map_err(|_| Malformed)
            }
        }
    }
}

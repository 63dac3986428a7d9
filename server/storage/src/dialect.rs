//! The only place where what is said to SQLite and to PostgreSQL differs: rendering, value lists, patterns, JSON
//! conditions, locks.
//!
//! Everything else in this crate speaks sea-query, or SQL that is the same on both.

mod json;
mod pattern;
mod storable;

use sea_orm::DbBackend;
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::extension::sqlite::SqliteBinOper;
use sea_orm::sea_query::{
    Condition, Expr, ExprTrait, Func, FunctionCall, JoinType, PostgresQueryBuilder, Query, SelectStatement,
    SqliteQueryBuilder, Value,
};
use signalbox_core::query::Scalar;
use signalbox_core::registry::Kind;

pub(crate) use json::JsonTest;
pub(crate) use storable::{json as storable_json, storable};

/// Name of the column that holds a chosen row's key.
pub(crate) const KEY: &str = "_key";

/// The database a statement is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, one process.
    Sqlite,
    /// PostgreSQL 13 and later.
    Postgres,
}

impl Dialect {
    /// The dialect of a connection.
    pub(crate) fn of(backend: DbBackend) -> Self {
        if backend == DbBackend::Postgres { Self::Postgres } else { Self::Sqlite }
    }

    /// Text and parameters of a statement. The text depends on the shape of the request only, never on its values,
    /// so that the connection's cache of prepared statements hits.
    pub(crate) fn render(self, statement: &SelectStatement) -> (String, Vec<Value>) {
        let (sql, values) = match self {
            Self::Sqlite => statement.build(SqliteQueryBuilder),
            Self::Postgres => statement.build(PostgresQueryBuilder),
        };
        (sql, values.0)
    }

    /// `target` equals one of `values`. One parameter, a JSON list, carries them all: the statement's text is the
    /// same for any number, and no database's limit on parameters applies.
    pub(crate) fn is_one_of(self, target: Expr, kind: Kind, values: &[Scalar]) -> Expr {
        match values {
            [] => Expr::val(false),
            [single] => target.eq(self.scalar(single)),
            several => target.in_subquery(self.list(kind, several)),
        }
    }

    fn list(self, kind: Kind, values: &[Scalar]) -> SelectStatement {
        let (elements, element) = self.elements("element", kind, values);
        Query::select().expr(element).from_function(elements, "element").take()
    }

    /// A list of values as a table for FROM, and the value of its rows when the table is known as `alias`.
    pub(crate) fn elements(self, alias: &str, kind: Kind, values: &[Scalar]) -> (FunctionCall, Expr) {
        let list = serde_json::Value::Array(values.iter().map(|value| self.list_element(value)).collect());
        let list = Expr::val(list.to_string());
        let element = Expr::col((alias.to_owned(), "value"));
        match self {
            Self::Sqlite => {
                let element = match kind {
                    Kind::Uuid => Func::cust("unhex").arg(element).into(),
                    _ => element,
                };
                (Func::cust("json_each").arg(list), element)
            }
            Self::Postgres => {
                let elements = Func::cust("jsonb_array_elements_text").arg(list.cast_as("jsonb"));
                (elements, element.cast_as(postgres_type(kind)))
            }
        }
    }

    /// The column by which rows are read again after they were chosen by an index.
    pub(crate) fn row_key(self) -> &'static str {
        match self {
            // What SQLite's indexes refer to; every table of the registry has it.
            Self::Sqlite => "rowid",
            Self::Postgres => "id",
        }
    }

    /// Whether [`Self::for_each_row`] makes further columns of the chosen rows available, under their names.
    pub(crate) fn rows_carry_columns(self) -> bool {
        self == Self::Postgres
    }

    /// Adds the rows of `chosen`, which has one column [`KEY`] and may refer to the tables of `select`, to its FROM;
    /// returns their key. A subquery is made anew for each row of those tables.
    pub(crate) fn for_each_row(
        self,
        select: &mut SelectStatement,
        chosen: SelectStatement,
        alias: &str,
    ) -> Expr {
        match self {
            // SQLite has no LATERAL, but the arguments of a table's function may refer to tables before it.
            Self::Sqlite => {
                let keys = Func::cust("json_group_array").arg(Expr::col(("chosen", KEY)));
                let list = Query::select().expr(keys).from_subquery(chosen, "chosen").take();
                select.from_function(Func::cust("json_each").arg(Expr::from(list)), alias.to_owned());
                Expr::col((alias.to_owned(), "value"))
            }
            Self::Postgres => {
                select.join_lateral(JoinType::InnerJoin, chosen, alias.to_owned(), Condition::all());
                Expr::col((alias.to_owned(), KEY))
            }
        }
    }

    fn list_element(self, value: &Scalar) -> serde_json::Value {
        match value {
            Scalar::Uuid(id) if self == Self::Sqlite => id.simple().to_string().into(),
            Scalar::Uuid(id) => id.to_string().into(),
            Scalar::Text(text) => storable::text(text).into(),
            Scalar::Integer(number) => (*number).into(),
            Scalar::Boolean(truth) => (*truth).into(),
            Scalar::Timestamp(instant) => instant.to_rfc3339().into(),
            Scalar::Json(value) => storable::json(value).into_owned(),
        }
    }

    /// A column that is to be compared row by row, after an index on another column found the rows. SQLite's
    /// planner knows no numbers of rows and would as gladly walk through all rows of the tenant.
    pub(crate) fn unindexed(self, column: Expr) -> Expr {
        match self {
            Self::Sqlite => Expr::cust_with_expr("+?", column),
            Self::Postgres => column,
        }
    }

    /// A value as a bound parameter.
    pub(crate) fn scalar(self, value: &Scalar) -> Expr {
        match value {
            Scalar::Uuid(id) => Expr::val(*id),
            Scalar::Text(text) => Expr::val(text.as_str()),
            Scalar::Integer(number) => Expr::val(*number),
            Scalar::Boolean(truth) => Expr::val(*truth),
            Scalar::Timestamp(instant) => Expr::val(*instant),
            Scalar::Json(value) => self.json(value),
        }
    }

    fn json(self, value: &serde_json::Value) -> Expr {
        let text = Expr::val(storable::json(value).to_string());
        match self {
            Self::Sqlite => text,
            Self::Postgres => text.cast_as("jsonb"),
        }
    }

    /// `target` matches a LIKE pattern as PostgreSQL reads it.
    pub(crate) fn like(self, target: Expr, pattern: &str, ignore_case: bool) -> Expr {
        match self {
            // SQLite's LIKE ignores case in ASCII and minds it beyond; GLOB minds it everywhere, and sets of
            // characters make it ignore case everywhere.
            Self::Sqlite => {
                target.binary(SqliteBinOper::Glob, Expr::val(pattern::glob(pattern, ignore_case)))
            }
            Self::Postgres if ignore_case && pattern.is_ascii() => {
                target.binary(PgBinOper::ILike, Expr::val(pattern))
            }
            // Text is ordered by code point, and so ILIKE knows the two cases of ASCII only.
            Self::Postgres if ignore_case => {
                target.binary(PgBinOper::Regex, Expr::val(pattern::regular_expression(pattern)))
            }
            Self::Postgres => target.like(pattern),
        }
    }

    /// A condition on a JSON column.
    pub(crate) fn json_test(self, target: Expr, test: &JsonTest<'_>) -> Expr {
        match self {
            Self::Sqlite => json::sqlite(target, test),
            Self::Postgres => json::postgres(self, target, test),
        }
    }

    /// A sum as the 64-bit number that the API shows; PostgreSQL adds them up in wider ones.
    pub(crate) fn sum(self, column: Expr) -> Expr {
        match self {
            Self::Sqlite => column.sum(),
            Self::Postgres => column.sum().cast_as("bigint"),
        }
    }

    /// A mean as a floating-point number.
    pub(crate) fn mean(self, column: Expr) -> Expr {
        match self {
            Self::Sqlite => column.avg(),
            Self::Postgres => column.avg().cast_as("double precision"),
        }
    }

    /// What a SELECT ends with that takes rows which nobody else is about to take. SQLite's one writer is alone.
    pub(crate) const fn free_rows(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR NO KEY UPDATE SKIP LOCKED",
        }
    }

    /// The number of different combinations of several columns.
    pub(crate) fn count_combinations(self, columns: Vec<Expr>) -> Expr {
        match self {
            // quote() renders every value, blobs too, and different values differently.
            Self::Sqlite => {
                let quoted = columns.into_iter().map(|column| Expr::expr(Func::cust("quote").arg(column)));
                quoted
                    .reduce(|left, right| left.binary(SQL_CONCAT, Expr::val(",")).binary(SQL_CONCAT, right))
                    .unwrap_or(Expr::val(0))
                    .count_distinct()
            }
            Self::Postgres => Expr::tuple(columns).count_distinct(),
        }
    }
}

/// SQL's operator that joins texts.
const SQL_CONCAT: sea_orm::sea_query::BinOper = sea_orm::sea_query::BinOper::Custom("||");

fn postgres_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Uuid => "uuid",
        Kind::Text => "text",
        Kind::Integer | Kind::Long | Kind::Interval => "bigint",
        Kind::Boolean => "boolean",
        Kind::Timestamp => "timestamptz",
        Kind::Json => "jsonb",
        Kind::Bytes => "bytea",
    }
}

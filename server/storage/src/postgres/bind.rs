//! Parameters as PostgreSQL takes them. Each carries its type, also when it is null.

use sea_orm::sea_query::Value;
use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments};

/// The parameters of a statement.
pub(crate) fn bind(values: Vec<Value>) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Uuid(id) => arguments.add(id)?,
            Value::String(text) => arguments.add(text)?,
            Value::BigInt(number) => arguments.add(number)?,
            Value::Int(number) => arguments.add(number)?,
            Value::BigUnsigned(number) => arguments.add(number.map(i64::try_from).transpose()?)?,
            Value::Double(number) => arguments.add(number)?,
            Value::Bool(truth) => arguments.add(truth)?,
            Value::Bytes(bytes) => arguments.add(bytes)?,
            Value::Json(json) => arguments.add(json)?,
            Value::ChronoDateTimeUtc(instant) => arguments.add(instant)?,
            other => return Err(format!("no PostgreSQL form for the parameter {other:?}").into()),
        }
    }
    Ok(arguments)
}

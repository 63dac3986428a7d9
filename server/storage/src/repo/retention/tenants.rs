//! Which tenants there are, and what they have set.

use crate::{StorageError, Store};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use signalbox_schema::TenantId;

/// Every tenant with its settings.
pub async fn settings_of_tenants(store: &Store) -> Result<Vec<(TenantId, Value)>, StorageError> {
    let db = store.read_of_everybody();
    let sql = "SELECT id, settings FROM tenant ORDER BY id";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok((TenantId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

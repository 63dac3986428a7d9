//! Reading rows of hand-written statements.

use crate::StorageError;
use sea_orm::QueryResult;
use signalbox_schema::StateType;

/// A state type of a row; anything else than the 21 names is a defect of ours.
pub(crate) fn state(name: &str, table: &'static str) -> Result<StateType, StorageError> {
    StateType::parse(name)
        .ok_or_else(|| StorageError::Inconsistent { table, problem: format!("unknown state '{name}'") })
}

/// Whether a flow's settings say that versions of states are checked.
pub(crate) fn locks_versions(row: &QueryResult, column: &str) -> Result<bool, StorageError> {
    let settings: Option<serde_json::Value> = row.try_get("", column)?;
    Ok(settings.and_then(|settings| settings.get("version_locking_enabled")?.as_bool()).unwrap_or_default())
}

//! Limits on what people write: names, descriptions, JSON values.

use crate::ServiceError;
use signalbox_core::concurrency::PRIORITIES;

/// Longest name, in bytes: what a registration allows for the names inside a flow.
const LONGEST: usize = 1_000;
/// Longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 100_000;

/// Refuses a name that is blank, endless or cannot be stored; `field` is what the request calls it.
pub(crate) fn check(field: &str, name: &str) -> Result<(), ServiceError> {
    if name.trim().is_empty() {
        return Err(ServiceError::invalid(format!("{field} must not be empty")));
    }
    bounded(field, name, LONGEST)
}

/// Refuses a text that may be empty, but is endless or cannot be stored.
pub(crate) fn check_description(field: &str, text: Option<&str>) -> Result<(), ServiceError> {
    text.map_or(Ok(()), |text| bounded(field, text, LONGEST_DESCRIPTION))
}

fn bounded(field: &str, text: &str, most: usize) -> Result<(), ServiceError> {
    if text.len() > most {
        return Err(ServiceError::invalid(format!(
            "{field} is {} bytes long; at most {most} are allowed",
            text.len()
        )));
    }
    if text.contains('\0') {
        return Err(ServiceError::invalid(format!("{field} must not contain NUL characters")));
    }
    Ok(())
}

/// Refuses a JSON value whose text is longer than `most` bytes.
pub(crate) fn check_size(field: &str, value: &serde_json::Value, most: usize) -> Result<(), ServiceError> {
    let bytes = value.to_string().len();
    if bytes > most {
        return Err(ServiceError::invalid(format!(
            "{field} is {bytes} bytes long as JSON; at most {most} are allowed"
        )));
    }
    Ok(())
}

/// Refuses a priority out of bounds.
pub(crate) fn check_priority(priority: i64) -> Result<(), ServiceError> {
    if PRIORITIES.contains(&priority) {
        return Ok(());
    }
    let (least, greatest) = (PRIORITIES.start(), PRIORITIES.end());
    Err(ServiceError::invalid(format!("priority must be from {least} to {greatest}; it is {priority}")))
}

//! Settings that agents fetch by id.

mod create;
mod delete;
mod update;

pub use create::create;
pub use delete::delete;
pub use update::{UpdateAgentConfig, update};

use crate::{ServiceError, name};
use serde_json::Value;

/// Largest settings, in bytes of JSON.
const LARGEST: usize = 1_000_000;

fn check_name(text: Option<&str>) -> Result<(), ServiceError> {
    text.map_or(Ok(()), |text| name::check("name", text))
}

fn check_settings(settings: &Value) -> Result<(), ServiceError> {
    if !settings.is_object() {
        return Err(ServiceError::invalid("settings must be a JSON object"));
    }
    name::check_size("settings", settings, LARGEST)
}

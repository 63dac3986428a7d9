//! What is written down about started work so that it can be found again: small, versioned JSON. What an executor puts
//! into `reference` is its own business.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_schema::FlowRunId;

/// Version of the handle's shape, raised when a reader of the old one could not use the new one.
pub const VERSION: u32 = 1;

/// A pointer to started work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handle {
    /// [`VERSION`] at the time of writing.
    pub version: u32,
    /// Which executor made it: `local`, later `docker`, …
    pub executor: String,
    /// The run.
    pub flow_run_id: FlowRunId,
    /// What people call the work on its backend, for example `PID: 4711`.
    pub label: String,
    /// What the executor needs to find the work.
    pub reference: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_written_form_is_stable() {
        let written = json!({
            "version": 1,
            "executor": "local",
            "flow_run_id": "00000000-0000-0000-0000-000000000001",
            "label": "PID: 4711",
            "reference": {"pid": 4711},
        });
        let handle: Handle = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&handle).unwrap(), written);
        assert_eq!(handle.version, VERSION);
    }
}
